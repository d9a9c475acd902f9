/**
 * History, judged by other policies: the stages of the service over what was kept, with the clock of then. What a policy
 * would have found, and when; nothing of it is stored or told to anybody.
 */
import type { ContextConfig } from '../mappings/context.ts';
import type { DocumentForm } from '../mappings/form.ts';
import type { Mapping } from '../mappings/mapping.ts';
import type { Registry } from '../mappings/registry.ts';
import { type Change, instant, type Rejudge } from '../model/change.ts';
import { type Finding, findingId, opens } from '../model/finding.ts';
import type { ResourceHead, Transition } from '../model/resource.ts';
import type { BundledPolicy } from '../policy/bundle.ts';
import type { Engine } from '../ports/engine.ts';
import type { ResourceStore } from '../ports/resource-store.ts';
import { makeEarliestFirst } from './earliest-first.ts';
import { makeEvaluate } from './evaluate.ts';
import { makeNormalize } from './normalize.ts';
import { tally } from './outcomes.ts';
import { makePublish } from './publish.ts';
import { makeRecord } from './record.ts';
import type { Outcome, OutcomeKind, Work } from './stages.ts';

export interface ReplayDeps {
  readonly forms: readonly DocumentForm[];
  readonly registry: Registry;
  /** Of this replay alone, and empty. */
  readonly resources: ResourceStore;
  /** The policies in question. */
  readonly draft: Engine;
  /** Those that are in force: what they would have found in the same history. @default nothing to compare with */
  readonly active?: Engine;
  readonly context: ContextConfig;
  /** Told now and then how far it is. */
  readonly onProgress?: (changes: number, receivedAt: string) => void;
}

/** What is replayed. Changes received before `since` only make known what there was; `until` is where the clock ends. */
export interface ReplayTime {
  readonly since: string;
  readonly until: string;
}

/** A time in which an active policy was violated while the draft was. */
export interface FoundToo {
  readonly policy: string;
  readonly trueAt: string;
  readonly knownAt: string;
  /** When it was known to be over; absent: it was not by the end. */
  readonly endedAt?: string;
}

/** What a policy would have found of one resource. */
export interface ReplayedFinding {
  readonly id: string;
  readonly policy: string;
  readonly title: string;
  readonly severity: Finding['severity'];
  readonly resource: ResourceHead;
  /** When the replay first saw anything of the resource. */
  readonly firstSeenAt: string;
  /** How it stood when the time began; absent: nothing was to be told of it. */
  readonly before?: Transition;
  /** What would have happened in the time, in order. One whose `from` is null was so when it was first judged. */
  readonly timeline: readonly Transition[];
  /** What the active policies found of the resource meanwhile. */
  readonly foundToo: readonly FoundToo[];
}

export interface Replayed {
  /** Changes by what became of them; those of kinds that no policy in question judges are not looked at further. */
  readonly counts: { readonly [K in OutcomeKind]: number } & {
    readonly read: number;
    readonly repeated: number;
    readonly besides: number;
  };
  readonly resources: number;
  /** When the first and the last change was received; absent: there was none. */
  readonly first?: string;
  readonly last?: string;
  /** Of the draft, by resource and policy. */
  readonly findings: readonly ReplayedFinding[];
  /** Violations of the active version of a draft's policy, of which the draft finds none. */
  readonly noLonger: readonly ReplayedFinding[];
}

/** How many changes are held back to bring them into the order of arrival: functions write side by side. */
const HELD_BACK = 1000;
/** How many ids are remembered to tell what is repeated; what is repeated later changes nothing either. */
const REMEMBERED = 50_000;
/** How often progress is told, in changes. */
const PROGRESS = 500;

/** Active policies stand beside a draft that may have their id. */
const ACTIVE = '@active';

/**
 * Replays changes in the order in which they arrived: each is read, merged, judged and recorded as the service does it,
 * with the instant at which it was received as the clock; in between, time flips what it flips. Late, repeated and
 * contradicting documents are met as the service meets them. Memory grows with the resources and what is found, not with
 * the changes. Throws what the reader of the archive throws.
 */
export async function replay(deps: ReplayDeps, changes: AsyncIterable<Change>, time: ReplayTime): Promise<Replayed> {
  const { forms, registry } = deps;
  const engine = deps.active === undefined ? deps.draft : beside(deps.draft, deps.active);
  const world = makeWorld(deps, engine);
  const quarantine = { put: () => Promise.resolve() };
  const normalize = makeNormalize({ forms, registry, readBack: {}, quarantine, clock: world.clock });
  const judged = judgedMappings(registry, engine);
  const remembered = new Set<string>();
  const firstSeen = new Map<string, string>();
  const counts = { ...tally([]), read: 0, repeated: 0, besides: 0 };
  let first: string | undefined;
  let last: string | undefined;

  for await (const change of inOrderOfArrival(changes)) {
    const { changeId, receivedAt } = change;
    first ??= receivedAt;
    last = receivedAt;
    counts.read += 1;
    if (counts.read % PROGRESS === 0) deps.onProgress?.(counts.read, receivedAt);
    if (remembered.has(changeId)) {
      counts.repeated += 1;
      continue;
    }
    remembered.add(changeId);
    const [oldest] = remembered.size > REMEMBERED ? remembered : [];
    if (oldest !== undefined) remembered.delete(oldest);

    await world.passTime(Date.parse(receivedAt));
    const normalized = await normalize([change]);
    const outcomes = [...normalized.outcomes];
    for (const work of normalized.work) {
      if (!work.updates.some((u) => judged.has(u.mapping))) continue;
      if (!firstSeen.has(work.resourceId)) firstSeen.set(work.resourceId, receivedAt);
      outcomes.push(...(await world.judge(work)));
    }
    if (outcomes.length === 0) counts.besides += 1;
    for (const [kind, n] of Object.entries(tally(outcomes))) counts[kind as OutcomeKind] += n;
  }
  await world.passTime(Date.parse(time.until));

  return {
    counts,
    resources: firstSeen.size,
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
    ...report([...world.found.values()], deps.draft, firstSeen, time),
  };
}

interface Found {
  readonly finding: Finding;
  readonly transitions: Transition[];
}

/** The stages over stores of their own, a clock that is set, and no one who is told. */
function makeWorld(deps: ReplayDeps, engine: Engine) {
  const { registry, resources, context } = deps;
  let nowMs = 0;
  const clock = { now: () => nowMs };
  const found = new Map<string, Found>();
  const wishes: Rejudge[] = [];
  const flips = makeEarliestFirst<{ readonly at: number; readonly id: string }>(
    (a, b) => a.at < b.at || (a.at === b.at && a.id < b.id),
  );
  const flipOf = new Map<string, number>();

  const inForce = {
    activation: {
      sequence: 1,
      bundle: engine.hash,
      bundleSequence: 1,
      context: '',
      contextSequence: 1,
      activatedAt: instant(0),
    },
    engine,
    context,
  };
  const active = { refresh: () => Promise.resolve(inForce), current: () => Promise.resolve(inForce) };
  const exceptions = { concerning: () => Promise.resolve([]) };
  const evaluate = makeEvaluate({ resources, exceptions, active, registry, clock });
  const record = makeRecord({ resources });
  const publish = makePublish({
    resources,
    findings: {
      read: (id) => Promise.resolve(found.get(id)?.finding),
      write: (finding, transition) => {
        const transitions = found.get(finding.id)?.transitions ?? [];
        transitions.push(transition);
        found.set(finding.id, { finding, transitions });
        return Promise.resolve();
      },
    },
    bus: { publish: () => Promise.resolve() },
    rejudge: { send: (sent) => Promise.resolve(void wishes.push(...sent)) },
    policy: (id) => Promise.resolve(engine.manifest.policies.find((p) => p.id === id)),
    version: '',
  });

  const judgeOne = async (work: Work): Promise<readonly Outcome[]> => {
    const judged = await evaluate(work);
    const { image } = await record(judged);
    if (image !== undefined) await publish(image);
    if (judged.commit !== undefined) {
      const at = (judged.commit.state.nextFlipAt ?? 0) * 1000;
      if (at > nowMs && flipOf.get(work.resourceId) !== at) flips.add({ at, id: work.resourceId });
      if (at > nowMs) flipOf.set(work.resourceId, at);
      else flipOf.delete(work.resourceId);
    }
    return judged.outcomes;
  };
  /** With everything that follows from it at once. */
  const judge = async (work: Work): Promise<readonly Outcome[]> => {
    const outcomes = await judgeOne(work);
    for (let wish = wishes.shift(); wish !== undefined; wish = wishes.shift())
      await judgeOne({ resourceId: wish.resourceId, updates: [], rejudge: [wish] });
    return outcomes;
  };
  /** Time never goes back: what is late is known late. */
  const passTime = async (toMs: number): Promise<void> => {
    for (let next = flips.first(); next !== undefined && next.at <= toMs; next = flips.first()) {
      flips.take();
      nowMs = Math.max(nowMs, next.at);
      if (flipOf.get(next.id) !== next.at) continue;
      flipOf.delete(next.id);
      const wish: Rejudge = { type: 'rejudge', version: 1, resourceId: next.id, cause: 'clock' };
      await judge({ resourceId: next.id, updates: [], rejudge: [wish] });
    }
    nowMs = Math.max(nowMs, toMs);
  };
  return { clock, found, judge, passTime };
}

/** The draft and the active policies as one engine; those in force under a name of their own. */
function beside(draft: Engine, active: Engine): Engine {
  const named = <P extends BundledPolicy>(p: P): P => ({ ...p, id: p.id + ACTIVE });
  const policiesOf = (kind: string): readonly BundledPolicy[] => [
    ...draft.policiesOf(kind),
    // What else is in force for kinds that no draft is about is nobody's question.
    ...(draft.policiesOf(kind).length === 0 ? [] : active.policiesOf(kind).map(named)),
  ];
  return {
    manifest: {
      ...draft.manifest,
      policies: [...draft.manifest.policies, ...active.manifest.policies.map(named)],
    },
    hash: draft.hash,
    policiesOf,
    judge: (kind, facts, now) => [
      ...draft.judge(kind, facts, now),
      ...(draft.policiesOf(kind).length === 0
        ? []
        : active.judge(kind, facts, now).map((v) => ({ ...v, policy: v.policy + ACTIVE }))),
    ],
  };
}

/** The mappings of what is judged, and of what that rests on. */
function judgedMappings(registry: Registry, engine: Engine): ReadonlySet<string> {
  const ids = new Set<string>();
  const visit = (mapping: Mapping | undefined): void => {
    if (mapping === undefined || ids.has(mapping.id)) return;
    ids.add(mapping.id);
    for (const { mapping: id } of Object.values(mapping.dependsOn ?? {})) visit(registry.mapping(id));
  };
  for (const mapping of registry.mappings)
    if (mapping.kind !== null && engine.policiesOf(mapping.kind.id).length > 0) visit(mapping);
  return ids;
}

/** Holds a few back, so that what was written side by side comes in the order of arrival. */
async function* inOrderOfArrival(changes: AsyncIterable<Change>): AsyncGenerator<Change> {
  const held = makeEarliestFirst<Change>(
    (a, b) => a.receivedAt < b.receivedAt || (a.receivedAt === b.receivedAt && a.changeId < b.changeId),
  );
  for await (const change of changes) {
    held.add(change);
    if (held.size <= HELD_BACK) continue;
    const next = held.take();
    if (next !== undefined) yield next;
  }
  for (let next = held.take(); next !== undefined; next = held.take()) yield next;
}

function report(
  found: readonly Found[],
  draft: Engine,
  firstSeen: ReadonlyMap<string, string>,
  { since }: ReplayTime,
): Pick<Replayed, 'findings' | 'noLonger'> {
  const drafts = new Set(draft.manifest.policies.map((p) => p.id));
  const ofDraft = found.filter(({ finding }) => drafts.has(finding.policy));
  const ofActive = found.filter(({ finding }) => !drafts.has(finding.policy));
  const activeOn = Map.groupBy(ofActive, ({ finding }) => finding.resource.id);
  const told = (of: Found): ReplayedFinding[] => {
    const { policy, title, severity, resource } = of.finding;
    const timeline = of.transitions.filter((t) => t.knownAt >= since);
    const stood = of.transitions.findLast((t) => t.knownAt < since);
    const before = stood !== undefined && opens(stood.to) ? stood : undefined;
    if (timeline.length === 0 && before === undefined) return [];
    const times = violations(of.transitions);
    return [
      {
        id: findingId(withoutMark(policy), resource.id),
        policy: withoutMark(policy),
        title,
        severity,
        resource,
        firstSeenAt: firstSeen.get(resource.id) ?? '',
        ...(before === undefined ? {} : { before }),
        timeline,
        foundToo: (activeOn.get(resource.id) ?? []).flatMap((other) =>
          other === of ? [] : meanwhile(withoutMark(other.finding.policy), violations(other.transitions), times, since),
        ),
      },
    ];
  };
  const violated = new Set(
    ofDraft.flatMap(({ finding, transitions }) => (violations(transitions).length > 0 ? [finding.id] : [])),
  );
  const noLonger = ofActive.filter(
    ({ finding, transitions }) =>
      drafts.has(withoutMark(finding.policy)) &&
      violations(transitions).length > 0 &&
      !violated.has(findingId(withoutMark(finding.policy), finding.resource.id)),
  );
  return { findings: inOrder(ofDraft.flatMap(told)), noLonger: inOrder(noLonger.flatMap(told)) };
}

const withoutMark = (policy: string): string => (policy.endsWith(ACTIVE) ? policy.slice(0, -ACTIVE.length) : policy);

type Violation = Omit<FoundToo, 'policy'>;

/** The times in which it was violated, as they were known. */
function violations(transitions: readonly Transition[]): readonly Violation[] {
  return transitions.flatMap(({ from, to, trueAt, knownAt }, i) => {
    if (to !== 'violation' || from === 'violation') return [];
    const end = transitions.slice(i + 1).find((t) => t.to !== 'violation');
    return [{ trueAt, knownAt, ...(end === undefined ? {} : { endedAt: end.knownAt }) }];
  });
}

/** Those of the one that overlap with any of the other and were not over when the time began. */
const meanwhile = (
  policy: string,
  of: readonly Violation[],
  other: readonly Violation[],
  since: string,
): readonly FoundToo[] =>
  of
    .filter((a) => a.endedAt === undefined || a.endedAt >= since)
    .filter((a) => other.some((b) => begins(a, b) || begins(b, a)))
    .map((a) => ({ policy, ...a }));

/** Whether the one begins before the other is over. */
const begins = (a: Violation, b: Violation): boolean =>
  a.knownAt >= b.knownAt && (b.endedAt === undefined || a.knownAt < b.endedAt);

/** The earliest first. */
const inOrder = (findings: readonly ReplayedFinding[]): readonly ReplayedFinding[] =>
  findings.toSorted((a, b) => {
    const [x, y] = [a, b].map((f) => `${(f.before ?? f.timeline[0])?.knownAt ?? ''} ${f.policy} ${f.resource.id}`);
    return (x ?? '') < (y ?? '') ? -1 : 1;
  });
