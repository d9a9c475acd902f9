import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFileApprovals } from '../../shared/adapters/files/approvals.ts';
import { makeMemoryApprovals } from '../../shared/adapters/memory/approvals.ts';
import { makeMemoryAuthoringJobs } from '../../shared/adapters/memory/authoring-jobs.ts';
import { makeMemoryExceptionStore } from '../../shared/adapters/memory/exception-store.ts';
import { makeMemoryFindingStore } from '../../shared/adapters/memory/finding-store.ts';
import { makeMemoryPolicyStore } from '../../shared/adapters/memory/policy-store.ts';
import { makeMemoryResourceStore } from '../../shared/adapters/memory/resource-store.ts';
import {
  makeMemoryCoverageLedger,
  makeMemoryProbeLog,
  makeMemoryRoster,
  makeMemorySourceLog,
  makeMemorySweepLog,
} from '../../shared/adapters/memory/services.ts';
import { approvalStoreSuite } from '../support/conformance/approvals.ts';
import { authoringJobsSuite } from '../support/conformance/authoring-jobs.ts';
import { exceptionStoreSuite } from '../support/conformance/exception-store.ts';
import { findingStoreSuite } from '../support/conformance/finding-store.ts';
import { policyStoreSuite } from '../support/conformance/policy-store.ts';
import { resourceStoreSuite } from '../support/conformance/resource-store.ts';
import {
  coverageLedgerSuite,
  probeLogSuite,
  rosterSuite,
  sourceLogSuite,
  sweepLogSuite,
} from '../support/conformance/source-log.ts';

// The same suites run against DynamoDB's protocol in test/integration/dynamodb.test.ts.
const resources = makeMemoryResourceStore();
resourceStoreSuite('memory', () => resources);
const findings = makeMemoryFindingStore();
findingStoreSuite('memory', () => findings);
policyStoreSuite('memory', async () => {
  const store = makeMemoryPolicyStore();
  return { store, spoil: async (hash) => store.corrupt(hash) };
});
exceptionStoreSuite('memory', async () => {
  const store = makeMemoryExceptionStore();
  return { store, spoil: async (id) => store.spoil(id, { reason: '' }) };
});
sourceLogSuite('memory', makeMemorySourceLog);
sweepLogSuite('memory', makeMemorySweepLog);
rosterSuite('memory', makeMemoryRoster);
coverageLedgerSuite('memory', makeMemoryCoverageLedger);
probeLogSuite('memory', makeMemoryProbeLog);
approvalStoreSuite('memory', () => {
  const store = makeMemoryApprovals();
  return Promise.resolve([store, store]);
});
approvalStoreSuite('file', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'edict-approvals-')), 'approvals.yaml');
  return Promise.resolve([makeFileApprovals(path), makeFileApprovals(path)]);
});
authoringJobsSuite('memory', (nowMs) => {
  const jobs = makeMemoryAuthoringJobs<{ readonly is: string }>(nowMs);
  return Promise.resolve([jobs, jobs]);
});
