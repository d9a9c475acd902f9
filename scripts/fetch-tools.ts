#!/usr/bin/env node
/**
 * Builds the policy tools, `opa` and `regal`, into `.bin/` from the two Go modules under `tools/`.
 *
 * Each tool is a module of its own (together they do not compile); its go.sum pins every byte. A stamp beside the
 * binary holds the hash of go.mod and go.sum, so a second run does nothing. A binary without a stamp that was built
 * from the pinned version is accepted. The first build takes about two minutes per tool and core.
 *
 *     npm run tools
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain } from './is-main.ts';

const root = join(import.meta.dirname, '..');
const binFolder = join(root, '.bin');

/** The tools, and the Go package that each is built from. */
export const tools = {
  opa: 'github.com/open-policy-agent/opa',
  regal: 'github.com/open-policy-agent/regal',
} as const;

export type ToolName = keyof typeof tools;

/** Absolute path of a tool's binary, whether it is there or not. */
export function toolPath(name: ToolName): string {
  return join(binFolder, name);
}

/** Whether `go` can be run on this machine. */
export function hasGo(): boolean {
  return spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;
}

const moduleFolder = (name: ToolName): string => join(root, 'tools', name);
const stampPath = (name: ToolName): string => `${toolPath(name)}.stamp`;

function pinnedVersion(name: ToolName): string {
  const goMod = readFileSync(join(moduleFolder(name), 'go.mod'), 'utf8');
  const version = goMod.match(new RegExp(`^\\s*(?:require )?${tools[name].replaceAll('.', '\\.')} (v\\S+)`, 'm'))?.[1];
  if (version === undefined)
    throw new Error(`tools/${name}/go.mod does not require ${tools[name]}: add it with 'go get -tool'`);
  return version;
}

function wantedStamp(name: ToolName): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder(name), file)));
  return `${pinnedVersion(name)} ${hash.digest('hex')}\n`;
}

/** Go writes the main module's version into every binary; reading it there needs no Go. */
function isBuiltFrom(path: string, module: string, version: string): boolean {
  return readFileSync(path).includes(`mod\t${module}\t${version}\t`);
}

/**
 * Whether the pinned version of a tool is ready to run. Accepts (and stamps) a binary without a stamp if it was built
 * from the pinned version. Idempotent.
 */
export function isToolReady(name: ToolName): boolean {
  const binary = toolPath(name);
  if (!existsSync(binary)) return false;
  if (existsSync(stampPath(name))) return readFileSync(stampPath(name), 'utf8') === wantedStamp(name);
  if (!isBuiltFrom(binary, tools[name], pinnedVersion(name))) return false;
  writeFileSync(stampPath(name), wantedStamp(name));
  return true;
}

/** Builds a tool if it is not ready. Throws with the compiler's words if that fails. Idempotent. */
export function ensureTool(name: ToolName, log: (line: string) => void = console.log): void {
  if (isToolReady(name)) return;
  if (!hasGo())
    throw new Error(
      `.bin/${name} is not built and Go is missing: install Go (https://go.dev/dl), then run 'npm run tools'`,
    );
  log(`Building ${name} ${pinnedVersion(name)} (once; about two minutes) …`);
  mkdirSync(binFolder, { recursive: true });
  // Built beside and renamed: a build that is interrupted leaves no half binary under the name that is looked for.
  const built = `${toolPath(name)}.${process.pid}.new`;
  const run = spawnSync('go', ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', built, tools[name]], {
    cwd: moduleFolder(name),
    env: { ...process.env, CGO_ENABLED: '0' },
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    rmSync(built, { force: true });
    throw new Error(
      `Could not build ${name} with 'go build': ${(run.stderr || run.error?.message || '').trim().slice(-2_000)}`,
    );
  }
  rmSync(stampPath(name), { force: true });
  renameSync(built, toolPath(name));
  writeFileSync(stampPath(name), wantedStamp(name));
}

if (isMain(import.meta)) {
  try {
    for (const name of Object.keys(tools) as ToolName[]) {
      ensureTool(name);
      console.log(`${name} ${pinnedVersion(name)} is ready in .bin/${name}`);
    }
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
