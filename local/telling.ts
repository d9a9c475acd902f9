/** Tells stories to a stack: sends each change when the one before it has been judged, and compares what comes of them. */
import type { FrontDoors } from '../cli/stack/front-doors.ts';
import type { FindingTransitionEvent } from '../shared/model/finding-event.ts';
import type { Json } from '../shared/model/json.ts';
import { type ArmAnswers, DENIED, type Delivery, type Step, type Story } from './stories/story.ts';

/** A transition that a story must lead to. */
export interface Expected {
  readonly story: string;
  readonly says: string;
  readonly resource: string;
  readonly policy: string;
  readonly to: string;
}

export const expectedOf = (story: Story, step: Step): readonly Expected[] =>
  Object.entries(step.becomes).flatMap(([resource, policies]) =>
    Object.entries(policies).map(([policy, to]) => ({ story: story.id, says: step.says, resource, policy, to })),
  );

/** What a transition comes to, in a word: the verdict, or what became of the exception to it. */
export function toOf({ to, cause, exception }: FindingTransitionEvent['detail']['edict']): string {
  if (exception !== undefined) return 'excepted';
  return cause.is === 'exception' ? `exception ${cause.turn}` : (to ?? 'gone');
}

const keyOf = (resource: string, policy: string, to: string): string => `${resource} ${policy} ${to}`;

/** What was expected and came, what did not come, and what came that nobody expected. */
export class Ledger {
  readonly #open = new Map<string, Expected[]>();
  readonly unexpected: FindingTransitionEvent[] = [];
  #seen = 0;
  #waiting: { readonly keys: Set<string>; readonly done: () => void }[] = [];

  /** How many of the expected transitions have come. */
  get seen(): number {
    return this.#seen;
  }

  get missing(): readonly Expected[] {
    return [...this.#open.values()].flat();
  }

  expect(all: readonly Expected[]): void {
    for (const expected of all) {
      const key = keyOf(expected.resource, expected.policy, expected.to);
      this.#open.set(key, [...(this.#open.get(key) ?? []), expected]);
    }
  }

  /** Notes a transition. */
  note(event: FindingTransitionEvent): void {
    const { edict } = event.detail;
    const key = keyOf(edict.resource.id, edict.policy.id, toOf(edict));
    const [first, ...rest] = this.#open.get(key) ?? [];
    if (first === undefined) {
      this.unexpected.push(event);
      return;
    }
    this.#seen += 1;
    if (rest.length === 0) this.#open.delete(key);
    else this.#open.set(key, rest);
    for (const waiting of this.#waiting) {
      waiting.keys.delete(key);
      if (waiting.keys.size === 0) waiting.done();
    }
  }

  /** Resolves when all of these have come, or after so long: true if they came. */
  async came(all: readonly Expected[], patienceMs: number): Promise<boolean> {
    const keys = new Set(all.map((e) => keyOf(e.resource, e.policy, e.to)).filter((key) => this.#open.has(key)));
    if (keys.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const waiting = { keys, done: (): void => undefined };
    const outcome = new Promise<boolean>((resolve) => {
      waiting.done = () => resolve(true);
      timer = setTimeout(() => resolve(false), patienceMs);
    });
    this.#waiting.push(waiting);
    try {
      return await outcome;
    } finally {
      clearTimeout(timer);
      this.#waiting = this.#waiting.filter((w) => w !== waiting);
    }
  }
}

export interface Telling {
  readonly doors: FrontDoors;
  readonly setArm: (answers: ArmAnswers) => void;
  readonly ledger: Ledger;
  /** Resolves when the queues of the pipeline have nothing left to do. */
  readonly quiet: () => Promise<unknown>;
  /** Hears each change before it is sent. */
  readonly onChange?: (told: Told) => void;
  /** How long to wait for what a change must lead to, before the next one. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
}

/** A change that was sent, and when it happened. */
export interface Told {
  readonly story: Story;
  readonly step: Step;
  readonly at: string;
  readonly delivery: Delivery;
}

/** Tells the stories of each cloud one after the other, and the clouds at once. Returns every change that was sent. */
export async function tell(stories: readonly Story[], telling: Telling): Promise<readonly Told[]> {
  const told: Told[] = [];
  const lanes = Map.groupBy(stories, (story) => story.cloud);
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const story of lane) for (const step of story.steps) await tellStep(story, step, telling, told);
    }),
  );
  return told;
}

async function tellStep(story: Story, step: Step, telling: Telling, told: Told[]): Promise<void> {
  if (telling.signal?.aborted === true) return;
  const expected = expectedOf(story, step);
  telling.ledger.expect(expected);
  if (step.arm !== undefined) telling.setArm(step.arm);
  const at = new Date().toISOString();
  const change = { story, step, at, delivery: step.deliver(at) };
  told.push(change);
  telling.onChange?.(change);
  await telling.doors.deliver(change.delivery);
  if (expected.length > 0) await telling.ledger.came(expected, telling.patienceMs);
  else await telling.quiet();
}

/** The provider's documents behind a change, as evidence points into them: what was sent, and what a read-back finds. */
export function documentsOf({ delivery, step }: Told): readonly Json[] {
  const sent: Json =
    delivery.door === 'aws' ? { detail: delivery.detail } : delivery.door === 'google' ? delivery.asset : delivery.body;
  const events = Array.isArray(sent) ? (sent as readonly Json[]) : [sent];
  const read = Object.values(step.arm ?? {}).filter((a): a is Exclude<Json, null> => a !== null && a !== DENIED);
  return [...events, ...read];
}
