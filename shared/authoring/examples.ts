/**
 * The stored examples of a policy: what the person has judged, as native documents that read back as what they were
 * written for, and beside them what the gates would miss.
 */
import type { Verdict } from '../model/verdict.ts';
import type { Formal } from './answer.ts';
import type { AuthorDeps, PolicyFiles, Rendered } from './deps.ts';
import type { Authored, Check } from './intent.ts';
import { keyOf } from './questions.ts';
import { counted, describe } from './resources.ts';
import type { Row } from './rows.ts';
import { type Excuse, judgeByMeaning } from './verify.ts';

/** `examples/<verdict>/<dialect>-<case>.<ext>` */
export function pathOf({ dialect, name }: Rendered, verdict: Verdict, what: string): string {
  const dot = name.lastIndexOf('.');
  const [stem, ext] = dot <= 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
  const start = stem.startsWith(dialect) ? stem : `${dialect}-${stem}`;
  return `examples/${verdict}/${start}-${what}${ext}`;
}

export interface Examples {
  readonly files: PolicyFiles;
  /** Mutants that no document tells from the policy: `examples/exceptions.yaml` says so. */
  readonly excused: readonly Excuse[];
  /** Resources that no document states, so that no example says what was said of them. */
  readonly unstored: readonly Row[];
}

/** The examples of a policy, from resources whose verdict is known. */
export async function examplesFor(
  { policy, core, kind }: Formal,
  yaml: string,
  rows: readonly Row[],
  { render, examplesOf, complete, now }: AuthorDeps,
): Promise<Examples> {
  const documents = rows.map(({ facts, expected }, i) =>
    render(kind.id, facts).map((r) => ({ path: pathOf(r, expected, `judged-${i + 1}`), text: r.text })),
  );
  const all = Object.fromEntries(documents.flat().map((d) => [d.path, d.text]));
  const read = (await examplesOf(yaml, all)).examples;
  const readsRight = (path: string): boolean => {
    const own = read.filter((e) => path.endsWith(`/${e.file}`));
    return own.length > 0 && own.every((e) => judgeByMeaning(core, kind, e.facts, now) === e.verdict);
  };
  // One document of each resource: the first dialect that states it.
  const kept = documents.map((of) => of.find((d) => readsRight(d.path)));
  const files = Object.fromEntries(kept.flatMap((d) => (d === undefined ? [] : [[d.path, d.text]])));
  const own = read.filter((e) => Object.keys(files).some((path) => path.endsWith(`/${e.file}`)));
  const completed = complete?.({ policy, core }, kind, own);
  return {
    files: { ...files, ...Object.fromEntries((completed?.files ?? []).map((f) => [f.path, f.text])) },
    unstored: rows.filter((_, i) => kept[i] === undefined),
    excused: (completed?.survivors ?? []).map(({ what, where }) => ({
      what,
      where,
      because: 'No document of any dialect was found that tells it from the policy.',
    })),
  };
}

const SHOWN_UNSTORED = 3;

/**
 * What was asked about, and judged, and is in no example because no document states it. Open where it is the answer to a
 * question: that binds the draft, and nobody who looks at the examples sees it.
 */
export function storedCheck(unstored: readonly Row[], questions: Authored['questions'] = []): Check {
  const isAnswer = ({ kind, facts }: Row): boolean =>
    questions.some(
      ({ question: { resource }, answer }) =>
        answer !== 'skip' && resource.kind === kind.id && keyOf(kind, resource.facts) === keyOf(kind, facts),
    );
  const answers = unstored.filter(isAnswer);
  const others = unstored.filter((row) => !isAnswer(row));
  const told = [
    [answers, counted(answers.length, 'answer')],
    [others, `${counted(others.length, 'resource')} to judge`],
  ] as const;
  const says = told.flatMap(([rows, what]) => {
    if (rows.length === 0) return [];
    const shown = rows.slice(0, SHOWN_UNSTORED).map((r) => `"${describe(r.kind, r.facts)}"`);
    return [`${what} (${shown.join('; ')}${rows.length > shown.length ? '; …' : ''})`];
  });
  return {
    name: 'stored',
    passed: answers.length === 0,
    says:
      says.length === 0
        ? 'every resource that was asked about is in an example'
        : `no document states it, so in no example: ${says.join(', and ')}`,
  };
}
