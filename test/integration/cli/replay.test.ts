import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolderArchiveWriter } from '../../../shared/adapters/files/archive.ts';
import { type Change, changeIdOf, instant } from '../../../shared/model/change.ts';
import type { Json } from '../../../shared/model/json.ts';
import { configEvent } from '../../support/aws-documents.ts';
import { edict, inFolder } from './run.ts';

const DAY_MS = 86_400_000;
const now = Date.now();
const daysAgo = (days: number): string => instant(now - days * DAY_MS);

/** A bucket of which versions are kept or not, as Config told of it so many days ago. */
function told(name: string, days: number, versioning: 'Enabled' | 'Suspended'): Change {
  const document: Json = configEvent({
    type: 'AWS::S3::Bucket',
    id: name,
    arn: `arn:aws:s3:::${name}`,
    configuration: { name },
    supplementary: { BucketVersioningConfiguration: { status: versioning, isMfaDeleteEnabled: null } },
    captured: daysAgo(days),
  });
  const content = { is: 'document', form: 'config-event', document } as const;
  const changeId = changeIdOf({ source: 'aws.config', content });
  return {
    type: 'change',
    version: 1,
    changeId,
    source: 'aws.config',
    origin: 'event',
    receivedAt: instant(now - days * DAY_MS + 2000),
    content,
  };
}

describe('edict replay', () => {
  let history: string;
  beforeAll(async () => {
    history = mkdtempSync(join(tmpdir(), 'edict-history-'));
    await makeFolderArchiveWriter(history).write([
      told('ledger', 36, 'Enabled'),
      told('ledger', 10, 'Suspended'),
      told('ledger', 4, 'Enabled'),
      told('notes', 3, 'Enabled'),
    ]);
  });
  afterAll(() => rmSync(history, { recursive: true }));
  /** Replays the policy that ships over the history. */
  const replayed = (...more: readonly string[]) =>
    edict(['replay', '--policy', 'object-store.versioned', '--from', history, ...more]);

  it('tells when a policy would have caught it, and when it was over', async () => {
    const { code, stdout, stderr } = await replayed('--since', '30d');

    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('object-store.versioned  ledger');
    expect(stdout).toContain(`✗ ${daysAgo(10)}`);
    expect(stdout).toContain(`✓ ${daysAgo(4)}`);
    expect(stdout).not.toContain('notes');
    expect(stdout).toMatch(/1 violation of 2 resources/);
    expect(stdout).toMatch(/4 changes from .*, judged by (the compiled policies|the meaning of the clauses)/);
  });

  it('judges a draft from a folder, and compares it with the active version', async () => {
    const draft = `id: object-store.versioned
title: Object stores keep no old versions
severity: low
kind: object_store
require:
  - { id: not, says: old versions go, that: { not: { fact: versioned, is: true } } }
frameworks: {}
remediation: None.
`;
    await inFolder({ 'draft/policy.yaml': draft }, async (cwd) => {
      const { code, stdout, stderr } = await edict(
        ['replay', '--policy', join(cwd, 'draft'), '--from', history, '--since', '5d', '--format', 'json'],
        { cwd },
      );
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const answer = JSON.parse(stdout) as {
        readonly findings: readonly {
          readonly name: string;
          readonly before: unknown;
          readonly timeline: readonly { readonly from: string | null; readonly to: string }[];
        }[];
        readonly no_longer: readonly { readonly name: string; readonly before: { readonly to: string } | null }[];
        readonly counts: { readonly read: number };
      };
      // The first change lies before the warm-up.
      expect(answer.counts.read).toBe(3);
      expect(answer.findings.map((f) => [f.name, f.timeline.map((s) => [s.from, s.to])])).toEqual([
        ['ledger', [['compliant', 'violation']]],
        ['notes', [[null, 'violation']]],
      ]);
      expect(answer.no_longer).toEqual([]);
    });
  });

  it('shows only the resources that are asked for', async () => {
    const only = async (resource: string) => (await replayed('--since', '30d', '--resource', resource)).stdout;
    expect(await only('arn:aws:s3:::ledger')).toContain('✗');
    expect(await only('notes')).not.toContain('✗');
  });

  it('says what it cannot know', async () => {
    const { stdout } = await replayed('--since', '1h', '--warm-up', '1h');
    expect(stdout).toContain('There is no history of this time: nothing was judged.');
    const { stdout: early } = await replayed('--since', '90d');
    expect(early).toContain('The history begins at');
  });

  it.each([
    [['--from', '/nowhere/at/all'], 'there is no folder /nowhere/at/all'],
    [['--since', 'yesterday'], '--since cannot be "yesterday"'],
    [['--until', '40d', '--since', '30d'], '--since is not before --until'],
  ])('refuses %j', async (args, why) => {
    const { code, stderr } = await replayed(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});
