/** Each Lambda function as the stacks bundle it: its size, and how long a new process takes until its handler is ready. */
import { cpSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleFunction } from '../infra/bundle.ts';
import { readBundle } from '../shared/adapters/opa/bundle-files.ts';
import { loadEngine } from '../shared/adapters/opa/engine.ts';
import type { EnvironmentInput, FunctionName } from '../shared/runtime/env.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { cpuMsOften, measure, median } from './measure.ts';

const base = { EDICT_STAGE: 'bench' };
const queue = 'https://sqs.eu-west-1.amazonaws.com/000000000000/queue';
const azureReader = JSON.stringify({ tenantId: 'tenant', clientId: 'client', subscriptions: ['subscription'] });
const googleReader = JSON.stringify({ scope: 'organizations/1' });

/** What each function is told: everything that a deployment for all three clouds sets. */
const ENVIRONMENTS: { readonly [F in FunctionName]: EnvironmentInput<F> } = {
  ingest: {
    ...base,
    CHANGES_QUEUE_URL: queue,
    QUARANTINE_BUCKET: 'quarantine',
    AZURE_CALLERS: JSON.stringify({
      tenantId: 'tenant',
      audience: 'audience',
      issuers: ['https://sts.windows.net/tenant/'],
      jwksUrl: 'https://login.microsoftonline.com/tenant/discovery/v2.0/keys',
      subscriptions: ['subscription'],
    }),
    GOOGLE_CALLERS: JSON.stringify({
      audience: 'audience',
      issuers: ['https://accounts.google.com'],
      jwksUrl: 'https://www.googleapis.com/oauth2/v3/certs',
      serviceAccount: 'push@project.iam.gserviceaccount.com',
      subscription: 'projects/project/subscriptions/assets',
    }),
  },
  evaluate: {
    ...base,
    RESOURCES_TABLE: 'resources',
    POLICIES_TABLE: 'policies',
    QUARANTINE_BUCKET: 'quarantine',
    CHANGES_QUEUE_URL: queue,
    AZURE_READER: azureReader,
  },
  project: {
    ...base,
    RESOURCES_TABLE: 'resources',
    FINDINGS_TABLE: 'findings',
    POLICIES_TABLE: 'policies',
    BUS_NAME: 'edict',
    RE_JUDGE_QUEUE_URL: queue,
    PROJECTION_QUEUE_URL: queue,
  },
  'notify-slack': { ...base, FINDINGS_TABLE: 'findings', POLICIES_TABLE: 'policies', SLACK_SECRET: 'secret' },
  'slack-actions': {
    ...base,
    RESOURCES_TABLE: 'resources',
    FINDINGS_TABLE: 'findings',
    POLICIES_TABLE: 'policies',
    SLACK_SECRET: 'secret',
  },
  're-judge': {
    ...base,
    RESOURCES_TABLE: 'resources',
    POLICIES_TABLE: 'policies',
    BUS_NAME: 'edict',
    QUARANTINE_BUCKET: 'quarantine',
    RE_JUDGE_QUEUE_URL: queue,
  },
  sweep: {
    ...base,
    CHANGES_QUEUE_URL: queue,
    RESOURCES_TABLE: 'resources',
    FINDINGS_TABLE: 'findings',
    QUARANTINE_BUCKET: 'quarantine',
    BUS_NAME: 'edict',
    AZURE_READER: azureReader,
    GOOGLE_READER: googleReader,
  },
  canary: { ...base, RESOURCES_TABLE: 'resources', INGEST_FUNCTION: 'ingest', AZURE_PATH: 'true' },
  author: {
    ...base,
    POLICIES_TABLE: 'policies',
    AUTHORING_QUEUE_URL: queue,
    AUTHORING: JSON.stringify({ provider: 'anthropic' }),
    AUTHORING_SECRET: 'secret',
  },
};

/** The time since the process started, its processor time and its memory, once the handler is there. */
const READY = `
const { handler } = await import(process.argv[1]);
if (typeof handler !== 'function') throw new Error('there is no handler');
const { user, system } = process.cpuUsage();
console.log(JSON.stringify([performance.now(), (user + system) / 1000, process.memoryUsage().rss / 1048576]));
process.exit(0);`;

export const functions: Benchmark = {
  name: 'functions',
  title: 'Functions: bundle size and cold start (a new Node process until its handler can be called)',
  async run({ work, quick, bench }) {
    const rows: Row[] = [];
    const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    for (const [name, environment] of Object.entries(ENVIRONMENTS) as [FunctionName, object][]) {
      const folder = join(work, 'functions', name);
      cpSync(bundleFunction(name), folder, { recursive: true });
      const files = globSync('**/*.mjs', { cwd: folder }).map((file) => join(folder, file));
      const kilobytes = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1024;
      const zipped = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0) / 1024;
      const starts: (readonly [wall: number, cpu: number, memory: number])[] = [];
      const env = Object.entries({ ...aws, ...environment }).map(([variable, value]) => `${variable}=${value}`);
      for (let i = 0; i < (quick ? 3 : 11); i++) {
        const node = [process.execPath, '--input-type=module', '-e', READY, join(folder, 'index.mjs')];
        const run = await measure(['env', '-i', ...env, ...node], { keepOutput: true });
        if (run.code !== 0) throw new Error(`${name} does not start`);
        // The first run fills the file cache.
        if (i > 0) starts.push(JSON.parse(run.output) as [number, number, number]);
      }
      const of = (n: 0 | 1 | 2): number => median(starts.map((s) => s[n]));
      rows.push(
        { what: `${name}: ready`, value: of(0), unit: 'ms', atMost: 800 },
        { what: `${name}: CPU until ready`, value: of(1), unit: 'ms' },
        { what: `${name}: memory when ready`, value: of(2), unit: 'MB', atMost: 512 },
        { what: `${name}: bundle`, value: kilobytes, unit: 'KB' },
        { what: `${name}: bundle, compressed`, value: zipped, unit: 'KB' },
      );
    }
    const { folder } = bench();
    const load = cpuMsOften(quick ? 2 : 5, () => loadEngine(readBundle(folder)));
    rows.push({
      what: 'loading a bundle of 200 policies (CPU, once in a process, with the first event)',
      value: load,
      unit: 'ms',
    });
    return rows;
  },
};
