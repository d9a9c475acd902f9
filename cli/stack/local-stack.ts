/** What `npm start` leaves for the other commands while it runs: `.edict/local.json`, where the local stack is found. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { isAlive } from '../../shared/runtime/is-alive.ts';

const localStackSchema = z.strictObject({
  version: z.literal(1),
  /** The process that runs it. */
  pid: z.int().positive(),
  startedAt: z.string(),
  stage: z.string(),
  region: z.string(),
  /** The endpoint of every AWS service. */
  endpoint: z.url(),
  /** By name: those of `STACK_OUTPUTS`. */
  outputs: z.record(z.string(), z.string()),
  /** Gives a webhook caller's token: `POST <url>/token/azure`. */
  tokenIssuer: z.url(),
  /** Azure Resource Manager: what a read-back asks. */
  arm: z.url(),
  /** The Pub/Sub subscription that pushes. */
  pushSubscription: z.string(),
  /** The Azure subscriptions whose events are taken. */
  azureSubscriptions: z.array(z.string()),
});
export type LocalStack = z.infer<typeof localStackSchema>;

/** `EDICT_LOCAL_STACK` names another file: for tests, which must not take the place of what a developer runs. */
const localFile = (): string =>
  process.env['EDICT_LOCAL_STACK'] ?? join(import.meta.dirname, '..', '..', '.edict', 'local.json');

/** Says where the stack is. Returns what takes it back. */
export function writeLocalStack(stack: LocalStack): () => void {
  const file = localFile();
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${stack.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return () => {
    // Another start may have taken its place.
    if (readLocalStack()?.pid === stack.pid) rmSync(file, { force: true });
  };
}

/** The stack that runs on this machine; undefined: none, or one whose process is gone. */
export function readLocalStack(): LocalStack | undefined {
  let text: string;
  try {
    text = readFileSync(localFile(), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const stack = localStackSchema.parse(JSON.parse(text));
    return isAlive(stack.pid) ? stack : undefined;
  } catch {
    return undefined; // left by another version
  }
}
