/** One evaluation: from the options to the report and the exit code. What was done is on disk, so it can be stopped and resumed. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../shared/model/errors.ts';
import { canonicalJson } from '../../shared/model/json.ts';
import type { AuthorDeps } from '../../shared/authoring/deps.ts';
import { sha256 } from '../../shared/policy/bundle.ts';
import type { ApproverName } from './approvers.ts';
import { type EvalIntent, readCorpus } from './corpus.ts';
import { contradictionIn, judgedOf, misjudgedBy } from './gold.ts';
import { isRight, reportOf, reportText } from './report.ts';
import { type Author, type CaseResult, isUnavailable, keyOf, runCorpus } from './run.ts';

export interface EvalOptions {
  readonly intents: string;
  readonly runs: number;
  readonly approvers: readonly ApproverName[];
  readonly seed: number;
  readonly parallel: number;
  readonly json: boolean;
  /** Tokens of one sentence before all its approvers. */
  readonly tokenBudget: number;
  /** Only the first so many intents. */
  readonly limit?: number;
  /** Only these intents. */
  readonly only?: readonly string[];
  /** Where what was done is kept. */
  readonly out: string;
  /** Which models, in words: part of what an evaluation is of. */
  readonly models: string;
}
export interface EvalWorld {
  readonly author: Author;
  readonly deps: AuthorDeps;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly say: (line: string) => void;
  readonly print: (text: string) => void;
}

export const EXIT = { right: 0, wrongActivated: 1, unusable: 2, noModel: 3, crashed: 4 } as const;
/** So many sentences in a row without an answer of the model, from the beginning: there is no model. */
const MOST_UNANSWERED = 3;

const MOST_OF_WHY = 240;

/** Runs what is not done yet, prints the report, gives the exit code. Throws `INPUT_INVALID`. */
export async function evaluate(options: EvalOptions, world: EvalWorld): Promise<number> {
  const all = readCorpus(options.intents, world.deps.kinds);
  const intents = chosen(all, options);
  await refuseContradictions(intents, world.deps.now);
  const hash = sha256(canonicalJson(all));
  const header = {
    version: 1,
    corpus: hash,
    models: options.models,
    seed: options.seed,
    limits: world.deps.limits,
  };
  const results = resume(options.out, header, world);
  const known = new Set([...results.values()].filter((c) => !isUnavailable(c)).map(keyOf));
  const wanted = (c: CaseResult): boolean =>
    c.run < options.runs && options.approvers.includes(c.approver) && intents.some((i) => i.id === c.intent);
  const total = intents.reduce((n, i) => n + i.texts.length, 0) * options.runs * options.approvers.length;
  let n = [...results.values()].filter((c) => known.has(keyOf(c)) && wanted(c)).length;
  if (n > 0) world.say(`${n} of ${total} cases are in ${options.out} already`);
  let unanswered = 0;
  await runCorpus(intents, {
    author: world.author,
    deps: world.deps,
    runs: options.runs,
    approvers: options.approvers,
    seed: options.seed,
    clock: world.clock,
    parallel: options.parallel,
    tokenBudget: options.tokenBudget,
    isDone: (key) => known.has(key) || unanswered >= MOST_UNANSWERED,
    done: (c) => {
      if (unanswered >= 0) unanswered = isUnavailable(c) ? unanswered + 1 : -1;
      results.set(keyOf(c), c);
      appendFileSync(options.out, `${JSON.stringify(c)}\n`);
      world.say(`[${++n}/${total}] ${c.intent} ${c.text + 1} run ${c.run + 1} ${c.approver}: ${inWords(c)}`);
    },
  });
  const report = reportOf([...results.values()].filter(wanted), intents, {
    models: options.models,
    runs: options.runs,
    sha256: hash,
    wanted: total,
  });
  world.print(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
  if (report.approvers.some((a) => a.approver === 'gold' && a.activatedWrong.wrong > 0)) return EXIT.wrongActivated;
  if (report.unavailable > 0 || report.notTried > 0) {
    world.say(
      `In ${report.unavailable} cases no model answered, and ${report.notTried} were not tried. Resume with --out ${options.out}`,
    );
    return EXIT.noModel;
  }
  if (report.approvers.some((a) => a.crashed.length > 0)) return EXIT.crashed;
  return EXIT.right;
}

/** One line of what may be many; all of it is in the file of what was done. */
const short = (why: string): string => {
  const line = why.replaceAll(/\s+/g, ' ');
  return line.length <= MOST_OF_WHY ? line : `${line.slice(0, MOST_OF_WHY)}…`;
};

function inWords(c: CaseResult): string {
  const took = `${c.seconds.toFixed(1)} s`;
  if (c.outcome === 'activated') return `${isRight(c) ? 'activated' : 'ACTIVATED WRONG'} (${took})`;
  if (c.outcome === 'crashed') return `CRASHED (${took}): ${c.why}`;
  return `${c.outcome === 'gated' ? 'stopped by' : 'refused:'} ${c.code}${isRight(c) ? ', rightly' : ''}${isRight(c) || c.why === '' ? '' : `, ${short(c.why)}`} (${took})`;
}

function chosen(all: readonly EvalIntent[], { only, limit, intents }: EvalOptions): readonly EvalIntent[] {
  const stranger = only?.find((id) => !all.some((i) => i.id === id));
  if (stranger !== undefined) throw new AppError('INPUT_INVALID', `there is no intent ${stranger} in ${intents}`);
  return all.filter((i) => only?.includes(i.id) ?? true).slice(0, limit);
}

/** Gold that says two things would make every policy wrong: the corpus is refused before anything is spent. */
async function refuseContradictions(intents: readonly EvalIntent[], now: number): Promise<void> {
  for (const intent of intents) {
    const judged = await judgedOf(intent);
    const contradiction = contradictionIn(judged);
    if (contradiction !== undefined)
      throw new AppError('INPUT_INVALID', `${intent.id}: gold contradicts itself: ${contradiction}`);
    const [reading, another] = intent.gold.readings;
    if (reading === undefined || another !== undefined) continue;
    const [wrong] = misjudgedBy(
      reading.policies.map((p) => p.core),
      judged,
      now,
    );
    if (wrong !== undefined)
      throw new AppError(
        'INPUT_INVALID',
        `${intent.id}: gold contradicts itself on ${wrong.on.replace('authored', 'its policies')}`,
      );
  }
}

/** What the file holds; one that is not there is begun. */
function keptIn(out: string, first: string): string {
  try {
    if (existsSync(out)) return readFileSync(out, 'utf8');
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, `${first}\n`);
    return `${first}\n`;
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `--out ${out} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

/** What the file holds of this evaluation. A file of another one is refused, never mixed in. */
function resume(out: string, header: object, world: EvalWorld): Map<string, CaseResult> {
  const first = canonicalJson(header);
  const kept = keptIn(out, first);
  const [head, ...lines] = kept.split('\n');
  if (head !== first)
    throw new AppError(
      'INPUT_INVALID',
      `${out} is of another evaluation (other intents, models, seed or limits): name another file with --out`,
    );
  if (!kept.endsWith('\n')) appendFileSync(out, '\n');
  const results = new Map<string, CaseResult>();
  for (const [i, line] of lines.entries()) {
    if (line === '') continue;
    try {
      const c = JSON.parse(line) as CaseResult;
      results.set(keyOf(c), c);
    } catch {
      // The last line of a run that was killed while writing it.
      world.say(`${out}:${i + 2} is broken and is run again`);
    }
  }
  return results;
}
