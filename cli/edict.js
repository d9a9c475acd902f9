#!/usr/bin/env node
// The way in. Plain JavaScript, because an older Node that finds this file cannot read TypeScript: it hands over to the
// Node 24 that `npm ci` installed beside it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const [major = 0] = process.versions.node.split('.').map(Number);

if (major >= 24) {
  const { enableCompileCache } = await import('node:module');
  // Compiled code is kept beside the packages, not in a temporary folder that others can write to.
  enableCompileCache(join(root, 'node_modules', '.cache', 'edict'));
  const { main } = await import('./main.ts');
  await main(process.argv);
} else {
  const newer = join(root, 'node_modules', '.bin', 'node');
  if (process.env.EDICT_NODE !== undefined || !existsSync(newer)) {
    console.error(`edict needs Node.js 24 or newer; this is ${process.version}. Run "npm ci" here, which installs one.`);
    process.exitCode = 2;
  } else {
    const { status, signal, error } = spawnSync(newer, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, EDICT_NODE: process.version },
    });
    if (error !== undefined) console.error(`edict could not start ${newer}: ${error.message}`);
    process.exitCode = signal === null ? (status ?? 2) : 128 + (constants.signals[signal] ?? 0);
  }
}
