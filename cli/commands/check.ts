/** `edict check`: judges documents, and says by its exit code what came of it. */
import { AppError } from '../../shared/model/errors.ts';
import { withPipelineContext } from '../../shared/mappings/context.ts';
import { engineOf, shippedEngine } from '../bundle.ts';
import type { Problem } from '../input/problem.ts';
import { Inputs } from '../input/sets.ts';
import { readShared, type SharedOptions } from '../options.ts';
import { type Report, type Summary, Tally } from '../report/report.ts';
import { count, Output, plain, Progress, style } from '../terminal.ts';

export interface CheckOptions extends SharedOptions {
  readonly format: 'table' | 'json' | 'sarif';
  readonly policy?: readonly string[];
  readonly bundle?: string;
  readonly failOn: 'violation' | 'unknown' | 'none';
  readonly limit: string;
  readonly exceptions?: string;
}

/** Exit codes: 0 clean, 1 fails by `--fail-on`, 2 an input could not be used. */
export const EXIT = { clean: 0, fails: 1, unusable: 2 } as const;

async function reportFor(options: CheckOptions, output: Output): Promise<Report> {
  switch (options.format) {
    case 'json':
      return (await import('../report/json.ts')).makeJsonReport(output);
    case 'sarif':
      return (await import('../report/sarif.ts')).makeSarifReport(output);
    case 'table': {
      const limit = Number(options.limit);
      if (!Number.isSafeInteger(limit) || limit < 0) {
        throw new AppError('INPUT_INVALID', `--limit: "${options.limit}" is not a whole number`);
      }
      return (await import('../report/table.ts')).makeTableReport(output, { limit });
    }
  }
}

/** Says on stderr what could not be used: the file, the place, the reason, and what to do. */
export function complain(problems: readonly Problem[]): void {
  const paint = style(process.stderr);
  for (const { document, line, column, reason, action } of problems) {
    const place = line === null ? '' : `:${line}${column === null ? '' : `:${column}`}`;
    process.stderr.write(
      `${paint('red', 'error')} ${plain(document)}${place}: ${plain(reason)}; ${plain(action, 2000)}\n`,
    );
  }
}

/** An error verdict is no pass: it fails like a violation. What is excepted may stand. */
function exitOf({ verdicts, excepted, errors }: Summary, failOn: CheckOptions['failOn']): number {
  if (errors > 0) return EXIT.unusable;
  if (failOn === 'none') return EXIT.clean;
  const violations = verdicts.violation - excepted.violation;
  const failed = violations + verdicts.error + (failOn === 'unknown' ? verdicts.unknown - excepted.unknown : 0);
  return failed > 0 ? EXIT.fails : EXIT.clean;
}

/** Checks files, folders and standard input (`-`); gives the exit code. Throws `INPUT_INVALID` over options. */
export async function check(args: readonly string[], options: CheckOptions): Promise<number> {
  const { input, said } = await readShared(options);
  const engine = options.bundle === undefined ? shippedEngine() : await engineOf(options.bundle);
  const all = new Map(engine.manifest.policies.map((p) => [p.id, p]));
  const chosen = options.policy;
  for (const id of chosen ?? []) {
    if (!all.has(id))
      throw new AppError('INPUT_INVALID', `--policy: there is no policy "${id}"; "edict policies" lists them`);
  }
  // Loaded for those who have some: a small run is over before it would be.
  const exceptions =
    options.exceptions === undefined
      ? undefined
      : (await import('../input/exceptions.ts')).readExceptions(options.exceptions);
  const output = new Output();
  const report = await reportFor(options, output);
  const now = Math.floor(Date.now() / 1000);
  const inputs = new Inputs(input);
  const progress = new Progress();
  const tally = new Tally();
  report.begin(
    engine.hash,
    engine.manifest.policies.filter((p) => chosen?.includes(p.id) ?? true),
  );
  for await (const resources of inputs.resources(args, (file) => progress.say(() => `reading ${plain(file)}`))) {
    for (const resource of resources) {
      if (resource.deleted) continue;
      const facts = withPipelineContext(resource.facts, said);
      const verdicts = engine.judge(resource.kind.id, facts, now, chosen === undefined ? {} : { policies: chosen });
      const excepted = exceptions?.of({ resource: resource.id, facts, verdicts }, all, now);
      const judged = {
        resource,
        facts,
        verdicts,
        ...(excepted === undefined ? {} : { excepted }),
        sourceOf: inputs.sourceOf,
      };
      tally.add(judged, all);
      report.resource(judged, all);
      const behind = output.behind();
      if (behind !== undefined) await behind;
      progress.say(
        () => `${count(tally.resources, 'resource')} judged, ${count(tally.verdicts.violation, 'violation')}`,
      );
    }
  }
  progress.clear();
  const { unsupported, skipped, problems } = inputs;
  const summary: Summary = {
    files: inputs.files,
    documents: inputs.documents,
    resources: tally.resources,
    results: tally.results,
    verdicts: tally.verdicts,
    excepted: tally.excepted,
    violations: tally.violations,
    unsupported: unsupported.reduce((sum, u) => sum + u.count, 0),
    skipped: skipped.length,
    errors: problems.length,
  };
  complain(problems);
  report.end({ summary, unsupported, skipped, problems });
  return exitOf(summary, options.failOn);
}
