/** Drafts: what was asked, and everything that was said about it, in `.edict/drafts/<id>` of the working folder. */
import {
  appendFileSync,
  existsSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { LogLine, SessionLog } from '../../shared/adapters/anthropic/recorded.ts';
import { AppError } from '../../shared/model/errors.ts';
import { sha256 } from '../../shared/policy/bundle.ts';
import { isAlive } from '../../shared/runtime/is-alive.ts';

/** Where drafts are kept, below the working folder. */
export const DRAFTS: string = join('.edict', 'drafts');

/** What was asked: enough to go on. */
const draftSchema = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  sentence: z.string(),
  kinds: z.array(z.string()).optional(),
  /** Clauses that were written already, in place of a sentence. */
  yaml: z.string().optional(),
  /** The sentence was proposed against an advisory: its literals are approved one by one. */
  advisory: z.literal(true).optional(),
  /** The policy that the sentence changes. */
  edits: z.string().optional(),
  /** The person has said that models may write Rego where the clauses cannot say it. */
  rego: z.literal(true).optional(),
  createdAt: z.string(),
});
export type DraftRecord = z.infer<typeof draftSchema>;

export type DraftState = 'begun' | 'authored' | 'refused' | 'saved';
export interface Draft {
  readonly record: DraftRecord;
  readonly folder: string;
  readonly log: SessionLog;
}

const idOf = (sentence: string, createdAt: string): string => {
  const words = sentence.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return [...words.slice(0, 4).map((w) => w.slice(0, 16)), sha256(`${createdAt} ${sentence}`).slice(0, 6)].join('-');
};

/** A new draft. Nothing is written before something is said. */
export function beginDraft(asked: Omit<DraftRecord, 'version' | 'id' | 'createdAt'>, createdAt: string): Draft {
  const record: DraftRecord = { version: 1, id: idOf(asked.sentence, createdAt), ...asked, createdAt };
  const folder = join(DRAFTS, record.id);
  return { record, folder, log: logIn(folder, [], record) };
}

/** A draft that is there. Throws `INPUT_INVALID`. */
export function openDraft(id: string): Draft {
  const folder = join(DRAFTS, id);
  const record = /^[a-z0-9-]+$/.test(id) ? readRecord(folder) : undefined;
  if (record === undefined)
    throw new AppError('INPUT_INVALID', `there is no draft "${id}" here; "edict author drafts" lists them`);
  return { record, folder, log: logIn(folder, readLog(join(folder, 'log.jsonl')), record) };
}

/** Keeps that models may write Rego for this draft: it is not asked again. */
export function allowRego({ folder, record, log }: Draft): Draft {
  const allowed: DraftRecord = { ...record, rego: true };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `draft.json.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(allowed, undefined, 2)}\n`);
  renameSync(draft, join(folder, 'draft.json'));
  return { record: allowed, folder, log };
}

interface Owner {
  readonly pid: number;
  readonly since: string;
}
export interface DraftLock {
  /** The process that had it and is gone, in words: its lock was broken. */
  readonly broken?: string;
  release(): void;
}

/**
 * Keeps others out of a draft while a session writes to it: two that answer for one person would both be recorded. A lock
 * whose process is gone is broken. Throws `INPUT_INVALID` where it is held.
 */
export function lockDraft({ folder, record }: Draft): DraftLock {
  const file = join(folder, 'lock');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own: Owner = { pid: process.pid, since: new Date().toISOString() };
  // Written whole and then put in its place: nobody reads half of it.
  const written = `${file}.${process.pid}`;
  writeFileSync(written, JSON.stringify(own));
  const isTaken = (): boolean => {
    try {
      linkSync(written, file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  };
  const release = (): void => {
    if (ownerOf(file)?.pid === process.pid) rmSync(file, { force: true });
  };
  try {
    if (isTaken()) return { release };
    const owner = ownerOf(file);
    if (owner !== undefined && isAlive(owner.pid)) throw held(record.id, owner, file);
    // Of two that break it, one moves what the other has put there meanwhile: then it goes back.
    const moved = `${file}.${process.pid}.gone`;
    renameSync(file, moved);
    const found = ownerOf(moved);
    const isStale = found?.pid === owner?.pid && found?.since === owner?.since;
    if (!isStale) renameSync(moved, file);
    else rmSync(moved, { force: true });
    if (!isStale || !isTaken()) throw held(record.id, found, file);
    return { release, broken: owner === undefined ? 'an unreadable lock' : `process ${owner.pid} (${owner.since})` };
  } finally {
    rmSync(written, { force: true });
  }
}

const held = (id: string, owner: Owner | undefined, file: string): AppError =>
  new AppError(
    'INPUT_INVALID',
    `somebody is at the draft ${id} already${owner === undefined ? '' : `: process ${owner.pid}, since ${owner.since}`}. If nobody is, remove ${file}`,
  );

function ownerOf(file: string): Owner | undefined {
  try {
    const { pid, since } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner>;
    return Number.isInteger(pid) && typeof since === 'string' ? { pid: pid as number, since } : undefined;
  } catch {
    return undefined;
  }
}

/** All drafts of the working folder, newest first. */
export function listDrafts(): readonly {
  readonly record: DraftRecord;
  readonly state: string;
  readonly said: number;
}[] {
  if (!existsSync(DRAFTS)) return [];
  return readdirSync(DRAFTS)
    .flatMap((id) => {
      const folder = join(DRAFTS, id);
      const record = readRecord(folder);
      if (record === undefined) return [];
      return [{ record, state: stateOf(folder), said: readLog(join(folder, 'log.jsonl')).length }];
    })
    .toSorted((a, b) => (a.record.createdAt > b.record.createdAt ? -1 : 1));
}

/** Keeps how a draft ended. */
export function endDraft({ folder, record }: Draft, state: DraftState, says: string): void {
  writeRecord(folder, record);
  writeFileSync(join(folder, 'state.json'), `${JSON.stringify({ state, says })}\n`);
}

function stateOf(folder: string): string {
  const file = join(folder, 'state.json');
  if (!existsSync(file)) return 'begun';
  const { state, says } = JSON.parse(readFileSync(file, 'utf8')) as { readonly state: string; readonly says: string };
  return says === '' ? state : `${state}: ${says}`;
}

function readRecord(folder: string): DraftRecord | undefined {
  const file = join(folder, 'draft.json');
  if (!existsSync(file)) return undefined;
  try {
    return draftSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `${file} is no draft of this version of edict`, { cause });
  }
}

function writeRecord(folder: string, record: DraftRecord): void {
  const file = join(folder, 'draft.json');
  if (existsSync(file)) return;
  // Only whoever writes intents reads them.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
}

function logIn(folder: string, lines: readonly LogLine[], record: DraftRecord): SessionLog {
  return {
    lines,
    append(line) {
      writeRecord(folder, record);
      const file = openSync(join(folder, 'log.jsonl'), 'a');
      appendFileSync(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
      closeSync(file);
    },
  };
}

/** The lines of a log. What was not written to its end (the machine went down) is cut off: it is asked again. */
function readLog(file: string): readonly LogLine[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return JSON.parse(line) as LogLine;
      } catch (cause) {
        throw new AppError('INPUT_INVALID', `line ${i + 1} of ${file} is broken: begin again`, { cause });
      }
    });
}

/** A file that the user named, up to a size. Throws `INPUT_INVALID`. */
export function readNamed(path: string, option: string, longest: number): string {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new AppError('INPUT_INVALID', `${option}: there is no file ${path}`);
  const { size } = statSync(path);
  if (size > longest)
    throw new AppError('INPUT_INVALID', `${option}: ${path} has ${size} bytes, at most ${longest} are read`);
  return readFileSync(path, 'utf8');
}
