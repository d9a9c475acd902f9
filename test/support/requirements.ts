import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';

const projectRoot = join(import.meta.dirname, '..', '..');

const runs = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** What some tests need and a machine may lack: how to see it, and what to tell who lacks it. */
const requirements = {
  python: {
    isThere: () => {
      const check = 'import sys, venv; sys.exit(sys.version_info < (3, 10))';
      const names = [
        process.env['EDICT_PYTHON'],
        'python3',
        'python3.14',
        'python3.13',
        'python3.12',
        'python3.11',
        'python3.10',
        'python',
      ];
      return names.some((name) => name !== undefined && runs(name, ['-c', check]));
    },
    missing: 'Python 3.10 or newer is missing',
  },
  go: { isThere: () => runs('go', ['version']), missing: 'Go is missing' },
  opa: {
    isThere: () => existsSync(join(projectRoot, '.bin', 'opa')),
    missing: ".bin/opa is not built ('npm run tools' builds it; needs Go)",
  },
  regal: {
    isThere: () => existsSync(join(projectRoot, '.bin', 'regal')),
    missing: ".bin/regal is not built ('npm run tools' builds it; needs Go)",
  },
} as const;

export type Requirement = keyof typeof requirements;

/** Why the tests that need these cannot run here, in one sentence; undefined when they can. */
export function whatIsMissing(needs: readonly Requirement[]): string | undefined {
  const missing = needs.filter((need) => !requirements[need].isThere()).map((need) => requirements[need].missing);
  return missing.length === 0 ? undefined : missing.join('; ');
}

/**
 * `describe` for tests that need something a machine may lack. Where it is missing the tests are skipped with that
 * reason in their title; with CI=true that is a failure instead.
 */
export function describeWith(needs: readonly Requirement[], title: string, body: () => void): void {
  const missing = whatIsMissing(needs);
  if (missing === undefined) {
    describe(title, body);
  } else if (process.env['CI'] === 'true') {
    describe(title, () => {
      it('has what it needs', () => {
        throw new Error(`${missing}. With CI=true this is a failure, not a skip.`);
      });
    });
  } else {
    // The reason is in the title, where a report shows it.
    describe.skip(`${title} [skipped: ${missing}]`, body);
  }
}
