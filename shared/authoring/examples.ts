/**
 * The stored examples of a policy: native documents, written from facts by the renderers and kept only where they read
 * back as what they were written for. Every verdict has some, and every mutant that a document can tell is told.
 */
import type { FactStates } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import { readsOf, conditionsOf } from '../policy/core.ts';
import type { Formal } from './answer.ts';
import type { Difference } from './compare.ts';
import type { AuthorDeps, PolicyFiles, Rendered } from './deps.ts';
import { statesOf } from './resources.ts';
import type { Row } from './rows.ts';
import { type ExampleResource, judgeByMeaning, survivorsOf } from './verify.ts';

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

/** The examples of a policy, from resources whose verdict is known. */
export async function examplesFor(
  { policy, core, kind }: Formal,
  yaml: string,
  rows: readonly Row[],
  deps: Deps,
): Promise<PolicyFiles> {
  const files: { [path: string]: string } = {};
  let mapped: readonly ExampleResource[] = [];
  const write = (facts: FactStates, verdict: Verdict, what: string): readonly Written[] =>
    deps.render(kind.id, facts).map((r) => ({ path: pathOf(r, verdict, what), text: r.text }));
  /** Those of the documents that read back as their verdict. */
  const reading = async (documents: readonly Written[]): Promise<ReadonlyMap<Written, readonly ExampleResource[]>> => {
    const { examples } = await deps.examplesOf(yaml, Object.fromEntries(documents.map((w) => [w.path, w.text])));
    return new Map(
      documents.flatMap((w) => {
        const own = examples.filter((e) => w.path.endsWith(`/${e.file}`) || w.path === e.file);
        const isRight = (e: ExampleResource): boolean => judgeByMeaning(core, kind, e.facts, deps.now) === e.verdict;
        return own.length > 0 && own.every(isRight) ? [[w, own] as const] : [];
      }),
    );
  };
  const keep = (w: Written, own: readonly ExampleResource[]): void => {
    files[w.path] = w.text;
    mapped = [...mapped, ...own];
  };

  const cases = casesOf(rows, core, kind, deps.now).map((c) => write(c.facts, c.verdict, c.what));
  for (const [w, own] of await reading(cases.flat())) keep(w, own);

  for (let pass = 0; pass < PASSES; pass++) {
    const { survivors } = survivorsOf({ policy, core }, kind, mapped, deps.now);
    let isMore = false;
    for (const [i, { on }] of survivors.entries()) {
      const input = (on as Partial<Difference>).input;
      if (input === undefined) continue;
      const facts = statesOf(input, kind, deps.now);
      const verdict = judgeByMeaning(core, kind, facts, deps.now);
      const [first] = await reading(write(facts, verdict, `near-${pass + 1}-${i + 1}`));
      if (first === undefined) continue;
      keep(...first);
      isMore = true;
    }
    if (!isMore) break;
  }
  return files;
}

interface Case {
  readonly what: string;
  readonly verdict: Verdict;
  readonly facts: FactStates;
}

/** The first resource of each verdict, the others by number; and a compliant one of which each fact in turn is unknown. */
function casesOf(rows: readonly Row[], core: Formal['core'], kind: Kind, now: number): readonly Case[] {
  const cases: Case[] = rows.map((row, i) => ({
    what: `${NAMES[row.expected] ?? 'is'}-${i + 1}`,
    verdict: row.expected,
    facts: row.facts,
  }));
  const compliant = rows.find((r) => r.expected === 'compliant');
  for (const fact of readsOf(conditionsOf(core))) {
    const facts = Object.fromEntries(Object.entries(compliant?.facts ?? {}).filter(([f]) => f !== fact));
    if (judgeByMeaning(core, kind, facts, now) === 'unknown')
      cases.push({ what: `unknown-${fact.replaceAll('_', '-')}`, verdict: 'unknown', facts });
  }
  return cases;
}
const NAMES: { readonly [verdict in Verdict]?: string } = {
  compliant: 'complies',
  violation: 'violates',
  not_applicable: 'elsewhere',
};
