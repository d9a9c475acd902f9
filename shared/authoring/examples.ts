/**
 * The stored examples of a policy: native documents, written from facts by the renderers and kept only where they read
 * back as what they were written for. Every verdict has some, and every mutant that a document can tell is told.
 */
import type { FactStates } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import { conditionsOf, type CorePolicy, readsOf, toCore } from '../policy/core.ts';
import type { PolicyInput } from '../policy/meaning.ts';
import type { Formal } from './answer.ts';
import { type Difference, resourceWhere } from './compare.ts';
import type { AuthorDeps, PolicyFiles, Rendered } from './deps.ts';
import { keyOf, PARTINGS } from './questions.ts';
import { describe, statesOf } from './resources.ts';
import type { Row } from './rows.ts';
import { type ExampleResource, type Excuse, judgeByMeaning, survivorsOf } from './verify.ts';

type Deps = Pick<AuthorDeps, 'render' | 'examplesOf' | 'now'>;

/** A document that stands for a case: `examples/<verdict>/<dialect>-<case>.<ext>`. */
interface Written {
  readonly path: string;
  readonly text: string;
}

function pathOf({ dialect, name }: Rendered, verdict: Verdict, what: string): string {
  const dot = name.lastIndexOf('.');
  const [stem, ext] = dot <= 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
  const start = stem.startsWith(dialect) ? stem : `${dialect}-${stem}`;
  return `examples/${verdict}/${start}-${what}${ext}`;
}

/** Passes over the survivors: an example that tells one often tells others. */
const PASSES = 3;

export interface Examples {
  readonly files: PolicyFiles;
  /** Mutants that no document of any dialect can tell from the policy: `examples/exceptions.yaml` says so. */
  readonly excused: readonly Excuse[];
}

/** The examples of a policy, from resources whose verdict is known. */
export async function examplesFor(
  { policy, core, kind }: Formal,
  yaml: string,
  rows: readonly Row[],
  deps: Deps,
): Promise<Examples> {
  const files: { [path: string]: string } = {};
  let mapped: readonly ExampleResource[] = [];
  const write = ({ facts, verdict, what }: Case): readonly Written[] =>
    deps.render(kind.id, facts).map((r) => ({ path: pathOf(r, verdict, what), text: r.text }));
  /** Those of the documents that read back as their verdict. */
  const reading = async (documents: readonly Written[]): Promise<readonly Read[]> => {
    if (documents.length === 0) return [];
    const { examples } = await deps.examplesOf(yaml, Object.fromEntries(documents.map((w) => [w.path, w.text])));
    return documents.flatMap((written) => {
      const own = examples.filter((e) => written.path.endsWith(`/${e.file}`) || written.path === e.file);
      const isRight = (e: ExampleResource): boolean => judgeByMeaning(core, kind, e.facts, deps.now) === e.verdict;
      return own.length > 0 && own.every(isRight) ? [{ written, own }] : [];
    });
  };
  const keep = ({ written, own }: Read): void => {
    files[written.path] = written.text;
    mapped = [...mapped, ...own];
  };

  // Every dialect shows each verdict once; what else a person has judged is stored once.
  const cases = casesOf(rows, core, kind, deps.now).map((c) => ({ verdict: c.verdict, documents: write(c) }));
  const read = await reading(cases.flatMap((c) => c.documents));
  const shown = new Set<string>();
  for (const { verdict, documents } of cases.toSorted((a, b) => b.documents.length - a.documents.length)) {
    const own = read.filter((r) => documents.includes(r.written));
    const isFirst = !shown.has(verdict);
    if (own.length > 0) shown.add(verdict);
    for (const r of isFirst ? own : own.slice(0, 1)) keep(r);
  }

  let excused: readonly Excuse[] = [];
  for (let pass = 1; pass <= PASSES; pass++) {
    const { survivors } = survivorsOf({ policy, core }, kind, mapped, deps.now);
    const before = mapped.length;
    excused = [];
    for (const [i, { what, where, mutant, on }] of survivors.entries()) {
      const other = toCore(mutant, kind);
      const told = separating(on, core, other).map((input) => statesOf(input, kind, deps.now));
      const documents = told.flatMap((facts) => {
        const verdict = judgeByMeaning(core, kind, facts, deps.now);
        return write({ facts, verdict, what: `near-${pass}-${i + 1}` });
      });
      const first = (await reading(documents)).find(({ own }) =>
        own.some((e) => judgeByMeaning(other, kind, e.facts, deps.now) !== e.verdict),
      );
      if (first !== undefined) keep(first);
      else if (documents.length === 0 && told[0] !== undefined)
        excused = [
          ...excused,
          { what, where, because: `no dialect can state what tells it: ${describe(kind, told[0])}` },
        ];
    }
    if (mapped.length === before) break;
  }
  // Where nothing can be written at all, nothing is excused.
  return { files, excused: SHOWN.every((v) => shown.has(v)) ? excused : [] };
}

interface Read {
  readonly written: Written;
  readonly own: readonly ExampleResource[];
}
/** The verdicts of which a policy must have examples. */
const SHOWN: readonly Verdict[] = ['compliant', 'violation', 'unknown'];

/** Small resources that tell a mutant from the policy: the smallest, and one for each way in which the two differ. */
function separating(on: unknown, core: CorePolicy, mutant: CorePolicy): readonly PolicyInput[] {
  const { input } = on as Partial<Difference>;
  const ways = PARTINGS.map(([x, y]) => resourceWhere([core, mutant], ([v, w]) => v === x && w === y));
  return [input, ...ways].flatMap((found) => (found === undefined || 'is' in found ? [] : [found]));
}

interface Case {
  readonly what: string;
  readonly verdict: Verdict;
  readonly facts: FactStates;
}

/** The resources by number, and for each fact some of them of which it is not known, so that nothing can be said. */
function casesOf(rows: readonly Row[], core: CorePolicy, kind: Kind, now: number): readonly Case[] {
  const cases: Case[] = rows.map((row, i) => ({
    what: `${NAMES[row.expected] ?? 'is'}-${i + 1}`,
    verdict: row.expected,
    facts: row.facts,
  }));
  for (const fact of readsOf(conditionsOf(core))) {
    const without = rows
      .map(({ facts }): FactStates => ({ ...facts, [fact]: { state: 'unknown', why: 'unresolved' } }))
      .filter((facts) => judgeByMeaning(core, kind, facts, now) === 'unknown');
    const different = [...new Map(without.map((facts) => [keyOf(kind, facts), facts])).values()];
    for (const [i, facts] of different.slice(0, MOST_UNKNOWN).entries())
      cases.push({ what: `unknown-${fact.replaceAll('_', '-')}-${i + 1}`, verdict: 'unknown', facts });
  }
  return cases;
}
const MOST_UNKNOWN = 3;
const NAMES: { readonly [verdict in Verdict]?: string } = {
  compliant: 'complies',
  violation: 'violates',
  not_applicable: 'elsewhere',
};
