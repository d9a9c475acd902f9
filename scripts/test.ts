#!/usr/bin/env node
/**
 * Runs everything that can fail, cheapest first, and sums it up. The last line is exactly `N passed, N failed`.
 *
 *     npm test                         everything
 *     npm run check                    what takes under a minute: format, lint, types, architecture, source, unit
 *     npm test -- unit policy          these steps only
 *     npm test -- --list               the names of the steps
 *     npm run drills -- --full         the drills (docs/reliability.md) with their full numbers
 *
 * A step that is a program (format, lint, …) counts as one test; a layer of tests counts its tests. A layer without
 * tests fails. A step whose tools are missing is skipped with the reason; with CI=true that is a failure.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_ANSWER } from './supply-chain.ts';
import { ensureTool, hasGo, isToolReady, type ToolName, toolPath } from './fetch-tools.ts';

const root = join(import.meta.dirname, '..');
const onCi = process.env['CI'] === 'true';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** Tests that did not run, each with its reason. */
  readonly skipped: readonly string[];
}

interface Step {
  readonly name: string;
  /** Part of `npm run check`. */
  readonly quick: boolean;
  readonly run: () => Promise<Outcome>;
}

/** Programs that were started and have not ended: an interrupt ends them with us. */
const running = new Set<ReturnType<typeof spawn>>();
let interrupted = false;

function run(command: string, args: readonly string[], quiet = false): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'] });
    running.add(child);
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? (signal === null ? 1 : 130), stdout });
    });
  });
}

const pass: Outcome = { passed: 1, failed: 0, skipped: [] };
const fail: Outcome = { passed: 0, failed: 1, skipped: [] };

/** A program of this project's node_modules, run on this very Node. */
function program(name: string, quick: boolean, file: string, ...args: string[]): Step {
  return {
    name,
    quick,
    run: async () => ((await run(process.execPath, [join(root, file), ...args])).code === 0 ? pass : fail),
  };
}

interface VitestReport {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function layer(name: string, quick = false): Step {
  return {
    name,
    quick,
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'edict-test-'));
      try {
        const reportFile = join(folder, 'report.json');
        const { code } = await run(process.execPath, [
          join(root, 'node_modules/vitest/vitest.mjs'),
          'run',
          `--project=${name}`,
          '--reporter=default',
          '--reporter=json',
          `--outputFile.json=${reportFile}`,
        ]);
        if (!existsSync(reportFile)) return fail;
        const report = JSON.parse(readFileSync(reportFile, 'utf8')) as VitestReport;
        const skipped = report.testResults.flatMap((file) =>
          file.assertionResults
            .filter(({ status }) => status !== 'passed' && status !== 'failed')
            .map((test) => test.fullName),
        );
        const ran = report.numPassedTests + report.numFailedTests;
        // A file that cannot be loaded, an error outside a test, a layer without tests: no failed test, yet a failure.
        const unseen = report.numFailedTests === 0 && (code !== 0 || !report.success || ran + skipped.length === 0);
        return { passed: report.numPassedTests, failed: report.numFailedTests + (unseen ? 1 : 0), skipped };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A step that needs one of the policy tools; builds it where Go is there. */
function withTool(name: string, tool: ToolName, body: (binary: string) => Promise<Outcome>): Step {
  return {
    name,
    quick: false,
    run: async () => {
      if (!isToolReady(tool)) {
        const reason = `.bin/${tool} is not built and Go is missing`;
        if (!hasGo() && !onCi) return { passed: 0, failed: 0, skipped: [`${name}: ${reason}`] };
        ensureTool(tool);
      }
      return body(toolPath(tool));
    },
  };
}

const hasPolicies = (): boolean => globSync('policies/**/*.rego', { cwd: root }).length > 0;
const noPolicies = (): Outcome => {
  console.error('No policy was found under policies/.');
  return fail;
};

const steps: readonly Step[] = [
  program('format', true, 'node_modules/@biomejs/biome/bin/biome', 'format', '.'),
  program('lint', true, 'node_modules/oxlint/bin/oxlint', '--type-aware', '.'),
  program('types', true, 'node_modules/typescript/bin/tsc', '--noEmit'),
  program('architecture', true, 'scripts/check-architecture.ts'),
  program('source', true, 'scripts/check-source.ts'),
  program('supply chain', true, 'scripts/supply-chain.ts'),
  {
    name: 'audit',
    quick: false,
    // A registry that is not reached, or that answers no audits, is neither a pass nor our failure: it is said.
    run: async () => {
      const { code } = await run(process.execPath, [join(root, 'scripts/supply-chain.ts'), '--audit']);
      return code === 0 ? pass : { passed: 0, failed: code === NO_ANSWER ? 0 : 1, skipped: [] };
    },
  },
  layer('unit', true),
  // Before the layers: some of their tests run these binaries.
  withTool('opa test', 'opa', async (opa) => {
    if (!hasPolicies()) return noPolicies();
    // As a bundle: the examples beside the policies are native documents, not data.
    const { code, stdout } = await run(opa, ['test', '--bundle', '--format', 'json', 'policies'], true);
    const results = JSON.parse(stdout.trim() === '' ? '[]' : stdout) as readonly {
      package: string;
      name: string;
      fail?: boolean;
      error?: unknown;
    }[];
    const failed = results.filter((test) => test.fail === true || test.error !== undefined);
    for (const test of failed) console.error(`failed: ${test.package}.${test.name}`);
    const unseen = failed.length === 0 && (code !== 0 || results.length === 0) ? 1 : 0;
    return { passed: results.length - failed.length, failed: failed.length + unseen, skipped: [] };
  }),
  withTool('regal lint', 'regal', async (regal) => {
    if (!hasPolicies()) return noPolicies();
    return (await run(regal, ['lint', 'policies'])).code === 0 ? pass : fail;
  }),
  ...['property', 'contract', 'policy', 'infra', 'integration', 'drills', 'e2e'].map((name) => layer(name)),
];
const typeTests = layer('types');
const all: readonly Step[] = steps.flatMap((step) =>
  step.name === 'opa test' ? [{ ...typeTests, name: 'type tests' }, step] : [step],
);

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--list')) {
    for (const { name } of all) console.log(name);
    return;
  }
  if (args.includes('--full')) process.env['EDICT_DRILLS'] = 'full';
  const named = args.filter((arg) => !arg.startsWith('--'));
  const unknown = named.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`No such step: ${unknown.join(', ')}. There are: ${all.map(({ name }) => name).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const chosen = all.filter((step) =>
    named.length > 0 ? named.includes(step.name) : !args.includes('--quick') || step.quick,
  );

  const rows: { name: string; outcome: Outcome; seconds: number }[] = [];
  for (const step of chosen) {
    if (interrupted) break;
    console.log(`\n── ${step.name}`);
    const startedAt = performance.now();
    let outcome: Outcome;
    try {
      outcome = await step.run();
    } catch (error) {
      console.error((error as Error).message);
      outcome = fail;
    }
    rows.push({ name: step.name, outcome, seconds: (performance.now() - startedAt) / 1000 });
  }

  console.log('');
  let passed = 0;
  let failed = 0;
  for (const { name, outcome, seconds } of rows) {
    passed += outcome.passed;
    failed += outcome.failed;
    const skips = outcome.skipped.length === 0 ? '' : `, ${outcome.skipped.length} skipped`;
    const sign = outcome.failed > 0 ? '✗' : outcome.passed > 0 ? '✓' : '?';
    console.log(
      `${sign} ${name.padEnd(14)} ${outcome.passed} passed, ${outcome.failed} failed${skips} (${seconds.toFixed(1)} s)`,
    );
    for (const reason of outcome.skipped) console.log(`    skipped: ${reason}`);
  }
  const skippedOnCi = onCi ? rows.reduce((sum, { outcome }) => sum + outcome.skipped.length, 0) : 0;
  if (skippedOnCi > 0) console.log('With CI=true a skipped test is a failure.');
  if (interrupted) console.log('Interrupted: the steps that did not run count as one failure.');
  failed += skippedOnCi;
  if (interrupted) failed += 1;
  if (failed > 0 || passed === 0) process.exitCode = 1;
  console.log(`${passed} passed, ${failed} failed`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted = true;
    for (const child of running) child.kill(signal);
  });
}
await main(process.argv.slice(2));
