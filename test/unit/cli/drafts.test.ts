/** Drafts that two sessions want at once. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allowRego, type Draft, lockDraft } from '../../../cli/author/drafts.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edict-drafts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const draft = (): Draft => ({
  record: { version: 1, id: 'databases-abc123', sentence: 'Databases', createdAt: '2026-11-25T12:00:00.000Z' },
  folder,
  log: { lines: [], append: () => undefined },
});
const lockFile = (): string => join(folder, 'lock');
/** A process that is gone. */
const gone = (): number => spawnSync(process.execPath, ['-e', '']).pid;

describe('the lock of a draft', () => {
  it('keeps a second session out until the first has ended, and says who holds it', () => {
    const first = lockDraft(draft());
    expect(() => lockDraft(draft())).toThrow(
      new RegExp(`somebody is at the draft databases-abc123 already: process ${process.pid}, since .*remove .*lock`),
    );
    first.release();
    expect(existsSync(lockFile())).toBe(false);
    lockDraft(draft()).release();
  });

  it('is broken where its process is gone, and says so', () => {
    const pid = gone();
    writeFileSync(lockFile(), JSON.stringify({ pid, since: '2026-11-25T10:00:00.000Z' }));
    const lock = lockDraft(draft());
    expect(lock.broken).toBe(`process ${pid} (2026-11-25T10:00:00.000Z)`);
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
  });

  it('is broken where it cannot be read', () => {
    writeFileSync(lockFile(), '{"pid":');
    expect(lockDraft(draft()).broken).toBe('an unreadable lock');
  });

  it('is not taken away from another process by whoever has none', () => {
    const lock = lockDraft(draft());
    writeFileSync(lockFile(), JSON.stringify({ pid: 1, since: '2026-11-25T10:00:00.000Z' }));
    lock.release();
    expect(existsSync(lockFile())).toBe(true);
  });
});

it('keeps that models may write Rego', () => {
  expect(allowRego(draft()).record.rego).toBe(true);
  expect(JSON.parse(readFileSync(join(folder, 'draft.json'), 'utf8'))).toMatchObject({ rego: true });
});
