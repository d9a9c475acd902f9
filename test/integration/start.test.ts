/** What `npm start` says when it cannot: one line, what to do, and a code; nothing is left running. */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const launch = join(import.meta.dirname, '..', '..', 'local', 'launch.js');

function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launch, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stderr }));
  });
}

let taken: Server;
let port = 0;
beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => new Promise((resolve) => taken.close(resolve)));

it.each([
  ['an option that there is not', ['--bogus'], /^✗ Unknown option '--bogus'\. Use: npm start -- .*\n$/],
  ['a port that is none', ['--port', 'abc'], /^✗ --port cannot be 'abc': it is a number from 1 to 65535.*\n$/],
])('refuses %s', async (_what, args, message) => {
  const { code, stderr } = await start(args);

  expect(stderr).toMatch(message);
  expect(code).toBe(1);
});

it('says that the port is taken, and how to take another', async () => {
  const { code, stderr } = await start(['--port', String(port)]);

  expect(stderr).toMatch(new RegExp(`^✗ Port ${port} on 127\\.0\\.0\\.1 is in use: .*--port.*\\n$`));
  expect(code).toBe(1);
});
