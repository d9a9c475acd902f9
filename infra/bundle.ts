/**
 * Bundles a function with esbuild, in this process: one folder with `index.mjs` and the chunks that only some events
 * need (a provider's SDK is imported when the first event asks for it). The AWS SDK is bundled too: it starts faster
 * than the one of the runtime, and it is the one that was tested.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { FunctionName } from '../shared/runtime/env.ts';

const root = join(import.meta.dirname, '..');

/** The folder of a function's bundle, freshly written. The same sources give the same bytes, and so the same asset. */
export function bundleFunction(name: FunctionName): string {
  const outdir = join(root, '.edict', 'functions', name);
  rmSync(outdir, { recursive: true, force: true });
  buildSync({
    absWorkingDir: root,
    entryPoints: { index: `functions/${name}/handler.ts` },
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'error',
    // CommonJS packages inside an ES module still call `require` for Node's own modules.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
  return outdir;
}
