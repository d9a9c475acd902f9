/** A thread of `apart.ts`: a folder in, what the gates say of its policy out. */
import { parentPort } from 'node:worker_threads';
import { makeVerify } from '../commands/verify.ts';
import { type Answer, refused } from './apart.ts';

const verify = makeVerify();

/** What keeps the gates from running at all, an example that is no file, is said as a gate says it. */
async function answer(folder: string): Promise<Answer> {
  try {
    return { result: await verify(folder) };
  } catch (error) {
    return { result: refused(folder, error instanceof Error ? error.message : String(error)) };
  }
}

parentPort?.on('message', (folder: string) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  void answer(folder).then((said) => parentPort?.postMessage(said));
});
