/** `edict replay`: would a policy have caught it, and when. */
import { makeFolderArchiveReader } from '../../shared/adapters/files/archive.ts';
import { makeMemoryResourceStore } from '../../shared/adapters/memory/resource-store.ts';
import type { ContextConfig } from '../../shared/mappings/context.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { registry } from '../../shared/mappings/registry.ts';
import { instant } from '../../shared/model/change.ts';
import { AppError } from '../../shared/model/errors.ts';
import { type Replayed, type ReplayedFinding, replay as replayChanges } from '../../shared/pipeline/replay.ts';
import type { ArchiveReader } from '../../shared/ports/archive.ts';
import type { Engine } from '../../shared/ports/engine.ts';
import { engineOf, shippedEngine } from '../bundle.ts';
import { transitionRecord } from '../findings/record.ts';
import { readConfig } from '../options.ts';
import { type Draft, readDraft } from '../replay/draft.ts';
import { findingText } from '../replay/text.ts';
import { findStack, type StackOptions } from '../stack/stack.ts';
import { count, Output, plain, Progress, style } from '../terminal.ts';
import { readTime } from './findings.ts';

/** As commander gives them. */
export interface ReplayOptions extends StackOptions {
  readonly policy: readonly string[];
  readonly since: string;
  readonly until?: string;
  readonly warmUp: string;
  readonly from?: string;
  readonly resource?: readonly string[];
  readonly bundle?: string;
  readonly config?: string;
  readonly format: 'table' | 'json';
}

/** Where the history lies, and what is in force there. */
export interface History {
  readonly title: string;
  readonly reader: ArchiveReader;
  readonly context: ContextConfig;
  readonly active: Engine;
}

export async function replay(options: ReplayOptions): Promise<number> {
  const nowMs = Date.now();
  const since = readTime('--since', options.since, nowMs);
  const until = options.until === undefined ? instant(nowMs) : readTime('--until', options.until, nowMs);
  if (since >= until) throw new AppError('INPUT_INVALID', '--since is not before --until');
  const from = readTime('--warm-up', options.warmUp, Date.parse(since));
  const draft = readDraft(options.policy);
  const history = await historyOf(options);

  const progress = new Progress();
  const unreadable: string[] = [];
  const replayed = await replayChanges(
    {
      forms,
      registry,
      resources: makeMemoryResourceStore(),
      draft: draft.engine,
      active: history.active,
      context: history.context,
      onProgress: (n, at) => progress.say(() => `${n.toLocaleString('en')} changes, ${at}`),
    },
    history.reader.read({ from, until }, (where, why) => void unreadable.push(`${where}: ${why}`)),
    { since, until },
  );
  progress.clear();

  const told: Told = {
    since,
    until,
    from,
    draft,
    history,
    replayed,
    unreadable,
    findings: chosen(replayed.findings, options.resource),
    noLonger: chosen(replayed.noLonger, options.resource),
  };
  const output = new Output();
  if (options.format === 'json') output.line(JSON.stringify(replayRecord(told), null, 2));
  else sayReplay(told, output);
  output.flush();
  return 0;
}

/** A folder that is named, or what a stack has kept; what is in force is then that of the stack. */
async function historyOf(options: ReplayOptions): Promise<History> {
  const { from } = options;
  if (from === undefined) {
    if (options.bundle !== undefined || options.config !== undefined)
      throw new AppError('INPUT_INVALID', '--bundle and --config go with --from: a stack says itself what is in force');
    const { keptBy } = await import('../replay/kept.ts');
    return keptBy(await findStack(options));
  }
  return {
    title: from,
    reader: makeFolderArchiveReader(from),
    context: await readConfig(options.config),
    active: options.bundle === undefined ? shippedEngine() : await engineOf(options.bundle),
  };
}

const chosen = (
  findings: readonly ReplayedFinding[],
  resources: readonly string[] | undefined,
): readonly ReplayedFinding[] =>
  resources === undefined
    ? findings
    : findings.filter(({ resource }) => resources.some((r) => r === resource.id || r === resource.name));

interface Told {
  readonly since: string;
  readonly until: string;
  readonly from: string;
  readonly draft: Draft;
  readonly history: History;
  readonly replayed: Replayed;
  readonly unreadable: readonly string[];
  readonly findings: readonly ReplayedFinding[];
  readonly noLonger: readonly ReplayedFinding[];
}

const violated = (f: ReplayedFinding): boolean =>
  f.before?.to === 'violation' || f.timeline.some((t) => t.to === 'violation');

function sayReplay(told: Told, output: Output): void {
  const paint = style(process.stdout);
  const { since, until, draft, history, replayed, findings, noLonger, unreadable } = told;
  const { counts } = replayed;
  for (const finding of findings) output.line(findingText(finding, paint));
  if (noLonger.length > 0) {
    output.line(paint('bold', 'Found by the active version, and not by this one:'));
    for (const finding of noLonger) output.line(findingText(finding, paint));
  }
  const caught = findings.filter(violated);
  const alone = caught.filter((f) => f.foundToo.length === 0);
  const undecided = findings.length - caught.length;
  output.line(
    `From ${since} to ${until}: ${count(caught.length, 'violation')} of ${count(replayed.resources, 'resource')}` +
      `${undecided === 0 ? '' : `; ${undecided} undecided`}. At ${alone.length} of them no active policy was violated meanwhile.`,
  );
  output.line(
    `${count(counts.read, 'change')} from ${plain(history.title)}, judged by ${
      draft.judgedBy === 'wasm'
        ? 'the compiled policies'
        : 'the meaning of the clauses (there is no opa to compile them)'
    }; exceptions are left out.`,
  );
  for (const doubt of doubtsOf(told)) output.line(paint('yellow', doubt));
  for (const where of unreadable.slice(0, 10)) output.line(paint('dim', `  ${plain(where)}`));
}

/** What the answer cannot know. */
function doubtsOf({ since, from, replayed, unreadable }: Told): readonly string[] {
  const { first, counts } = replayed;
  const lost = counts.quarantined + counts.failed;
  return [
    ...(first === undefined ? ['There is no history of this time: nothing was judged.'] : []),
    ...(first !== undefined && first > since
      ? [
          `The history begins at ${first}: what was before it, and what nothing was told of since ${from}, is not known.`,
        ]
      : []),
    ...(lost === 0 ? [] : [`${count(lost, 'change')} could not be read by this build.`]),
    ...(unreadable.length === 0 ? [] : [`${count(unreadable.length, 'line')} of the history cannot be read:`]),
  ];
}

/** `edict replay --format json`. */
const replayRecord = (told: Told) => ({
  version: 1,
  since: told.since,
  until: told.until,
  read_from: told.from,
  history: told.history.title,
  judged_by: told.draft.judgedBy,
  policies: told.draft.engine.manifest.policies.map((p) => p.id),
  counts: told.replayed.counts,
  resources: told.replayed.resources,
  first_received_at: told.replayed.first ?? null,
  last_received_at: told.replayed.last ?? null,
  doubts: doubtsOf(told),
  unreadable: told.unreadable,
  findings: told.findings.map(record),
  no_longer: told.noLonger.map(record),
});

const record = (f: ReplayedFinding) => ({
  id: f.id,
  policy: f.policy,
  severity: f.severity,
  resource: f.resource.id,
  name: f.resource.name ?? null,
  cloud: f.resource.cloud,
  account: f.resource.account ?? null,
  region: f.resource.region ?? null,
  violated: violated(f),
  first_seen_at: f.firstSeenAt,
  before: f.before === undefined ? null : transitionRecord(f.before),
  timeline: f.timeline.map(transitionRecord),
  found_too: f.foundToo.map((t) => ({
    policy: t.policy,
    true_at: t.trueAt,
    known_at: t.knownAt,
    ended_at: t.endedAt ?? null,
  })),
});
