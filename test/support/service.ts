/**
 * The functions of the service as they are wired, over adapters in memory: queues that deliver again what was not proven
 * done, a stream, the bus and Slack. A process of a function lives until it is told that it is dead.
 */
import { makeProjectImages, makeProjectMessages, refreshForPublishing } from '../../shared/adapters/service/project.ts';
import { makeReJudgeBatch } from '../../shared/adapters/service/re-judge-batch.ts';
import { makeReJudgeJobs } from '../../shared/adapters/service/re-judge-jobs.ts';
import { type Delivered, makeWorkBatch } from '../../shared/adapters/service/work-batch.ts';
import { makeNotify, type NotifyDeps } from '../../shared/adapters/slack/notify.ts';
import type { SentRecord } from '../../shared/adapters/slack/sent-record.ts';
import { instant } from '../../shared/model/change.ts';
import type { FindingEvent } from '../../shared/model/finding-event.ts';
import type { Json } from '../../shared/model/json.ts';
import { TELL_EVERYTHING } from '../../shared/model/notify.ts';
import { canonicalState } from '../../shared/model/resource.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';
import type { Outcome } from '../../shared/pipeline/stages.ts';
import { IMMORTAL, type Life } from './interference.ts';
import { fakeSlack, memoryNotes } from './slack.ts';
import { type Doc, makeWorld, makeWorldState, testForm, type WorldOptions } from './world.ts';

export const FUNCTIONS = ['ingest', 'evaluate', 'project', 're-judge', 'notify-slack'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
export interface ServiceOptions extends Pick<WorldOptions, 'policies' | 'readBack' | 'loadEngine' | 'keep'> {
  readonly start?: (name: FunctionName) => Life;
  /** The order in which a queue gives its messages; the default is that of their arrival. */
  readonly pick?: (waiting: number) => number;
}

const QUEUES = ['changes', 'rejudge', 'projection', 'slack'] as const;
type QueueName = (typeof QUEUES)[number];
interface Waiting extends Delivered {
  tries: number;
}
const BATCH = 10;
/** What fails more often than this goes to the dead letters. */
const MAX_TRIES = 60;

/** A record of what was told whose claims lapse. */
function leasedSent(nowMs: () => number): SentRecord & { readonly told: ReadonlySet<string> } {
  const told = new Set<string>();
  const held = new Map<string, number>();
  return {
    told,
    claim: async (id) => {
      await Promise.resolve();
      if (told.has(id)) return 'told';
      if ((held.get(id) ?? 0) > nowMs()) return 'held';
      held.set(id, nowMs() + 300_000);
      return 'mine';
    },
    done: async (id) => {
      await Promise.resolve();
      told.add(id);
    },
    release: async (id) => {
      await Promise.resolve();
      held.delete(id);
    },
  };
}

export function makeService(options: ServiceOptions = {}) {
  const { start = () => IMMORTAL, pick = () => 0 } = options;
  const state = makeWorldState();
  const queues: Readonly<Record<QueueName, Waiting[]>> = { changes: [], rejudge: [], projection: [], slack: [] };
  const dead: (Waiting & { readonly queue: QueueName })[] = [];
  const outcomes: Outcome[] = [];
  const failures: unknown[] = [];
  const logged: unknown[][] = [];
  const sent = leasedSent(() => state.clock.now());
  const notes = memoryNotes();
  const slack = fakeSlack();
  let commits = 0;
  state.resources.onCommit(() => void (commits += 1));
  let ids = 0;
  const push = (queue: QueueName, body: string): void =>
    void queues[queue].push({ messageId: `m${ids++}`, body, tries: 0 });
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each queue has messages of its own
  const onto = <M>(queue: QueueName) => ({
    send: async (messages: readonly M[]): Promise<void> => {
      await Promise.resolve();
      for (const message of messages) push(queue, JSON.stringify(message));
    },
  });
  const counted = new Map<string, number>();
  const common = {
    now: () => instant(state.clock.now()),
    count: (name: string, value = 1) => void counted.set(name, (counted.get(name) ?? 0) + value),
    log: (...line: unknown[]) => void logged.push(line),
  };

  const worldOf = ({ wrap }: Life) => {
    const { policies, readBack, loadEngine, keep } = options;
    return makeWorld({
      state,
      wrap,
      ...(policies === undefined ? {} : { policies }),
      ...(readBack === undefined ? {} : { readBack }),
      ...(loadEngine === undefined ? {} : { loadEngine }),
      ...(keep === undefined ? {} : { keep }),
    });
  };
  const makers = {
    ingest: (life: Life) => {
      const observe = makeObserve({ forms: [testForm], quarantine: life.wrap(state.quarantine) });
      const queue = life.wrap(onto('changes'));
      return async (document: Json): Promise<void> => {
        const observed = await observe({
          source: 'aws.config',
          origin: 'event',
          receivedAt: common.now(),
          document,
        });
        await queue.send(observed.changes);
      };
    },
    evaluate: (life: Life) => {
      const { active, normalize, judge } = worldOf(life);
      return makeWorkBatch({
        ...common,
        active,
        normalize,
        judge,
        again: life.wrap(onto('changes')),
        quarantine: life.wrap(state.quarantine),
      });
    },
    project: (life: Life) => {
      const world = worldOf(life);
      const deps = {
        ...common,
        publish: world.publish,
        resources: life.wrap(state.resources),
        queue: life.wrap(onto('projection')),
        nowMs: () => state.clock.now(),
      };
      return {
        refresh: () => refreshForPublishing(world.active),
        images: makeProjectImages(deps),
        messages: makeProjectMessages(deps),
      };
    },
    're-judge': (life: Life) => {
      const { active, judge } = worldOf(life);
      const queue = life.wrap(onto('rejudge'));
      return makeReJudgeBatch({
        jobs: makeReJudgeJobs({
          ...common,
          resources: life.wrap(state.resources),
          policies: life.wrap(state.policies),
          exceptions: life.wrap(state.exceptions),
          bus: life.wrap(state.bus),
          queue,
          nowMs: () => state.clock.now(),
        }),
        work: makeWorkBatch({
          ...common,
          active,
          normalize: async () => ({ work: [], outcomes: [] }),
          judge,
          again: queue,
          quarantine: life.wrap(state.quarantine),
        }),
        log: common.log,
      });
    },
    'notify-slack': (life: Life) => {
      const deps: NotifyDeps = {
        slack: life.wrap(slack),
        sent: life.wrap(sent),
        notes: life.wrap(notes),
        config: TELL_EVERYTHING,
        now: () => state.clock.now(),
        onFailure: (error) => void failures.push(error),
      };
      return makeNotify(deps);
    },
  } as const;
  type Processes = { [N in FunctionName]: ReturnType<(typeof makers)[N]> };
  const running: { [N in FunctionName]?: { readonly life: Life; readonly process: Processes[N] } } = {};

  /** Lets a process of the function work. Undefined: it died, and nobody hears what it did. */
  async function inProcess<N extends FunctionName, T>(
    name: N,
    work: (process: Processes[N]) => Promise<T>,
  ): Promise<{ readonly value: T } | undefined> {
    const make = makers[name] as (life: Life) => Processes[N];
    const known = running[name];
    const life = known?.life ?? start(name);
    const process = known?.process ?? make(life);
    (running as Record<string, unknown>)[name] = { life, process };
    try {
      const value = await work(process);
      if (!life.isDead()) return { value };
    } catch (error) {
      failures.push(error);
      if (!life.isDead()) return undefined;
    }
    delete running[name];
    // Whoever waits for a lease of the dead waits for its end.
    state.clock.advance(301_000);
    return undefined;
  }

  /** A batch off a queue; what is not in `done` comes again. */
  const batch = async (
    queue: QueueName,
    work: (messages: readonly Waiting[]) => Promise<ReadonlySet<string> | undefined>,
  ): Promise<void> => {
    const waiting = queues[queue];
    const taken: Waiting[] = [];
    while (taken.length < BATCH && waiting.length > 0)
      taken.push(...waiting.splice(pick(waiting.length) % waiting.length, 1));
    const done = await work(taken);
    for (const message of taken) {
      if (done?.has(message.messageId) === true) continue;
      message.tries += 1;
      if (message.tries > MAX_TRIES) dead.push({ ...message, queue });
      else waiting.push(message);
    }
  };

  let heard = 0;
  let stretch = BATCH;
  /** Passes on what the stream, the bus and the re-judge port hold. */
  const passOn = (): void => {
    for (const wish of state.rejudge.take()) push('rejudge', JSON.stringify(wish));
    for (const event of state.bus.events.slice(heard)) push('slack', JSON.stringify(event));
    heard = state.bus.events.length;
  };

  const stepOf = {
    evaluate: () =>
      batch('changes', async (messages) => {
        const worked = await inProcess('evaluate', (work) => work(messages));
        outcomes.push(...(worked?.value.outcomes ?? []));
        return worked?.value.done;
      }),
    stream: async () => {
      // A batch that fails is cut in half, as the event source does it.
      const images = state.stream.slice(0, stretch);
      const done = await inProcess('project', async ({ refresh, images: project }) => {
        await refresh();
        await project(images);
      });
      if (done !== undefined) state.stream.splice(0, images.length);
      stretch = done === undefined ? Math.max(1, Math.floor(stretch / 2)) : BATCH;
    },
    projection: () =>
      batch('projection', async (messages) => {
        const done = await inProcess('project', async ({ refresh, messages: project }) => {
          await refresh();
          return project(messages);
        });
        return done?.value;
      }),
    rejudge: () => batch('rejudge', async (messages) => (await inProcess('re-judge', (work) => work(messages)))?.value),
    slack: () =>
      batch('slack', async (messages) => {
        const events = messages.map(({ body }) => JSON.parse(body) as FindingEvent);
        const again = new Set(events.flatMap((e, i) => ((messages[i]?.tries ?? 0) > 0 ? [e.id] : [])));
        const told = await inProcess('notify-slack', (notify) => notify(events, again));
        if (told === undefined) return undefined;
        // What could not be told comes again after a while; by then a lease may be over.
        if (told.value.failed.size > 0) state.clock.advance(60_000);
        return new Set(messages.flatMap((m, i) => (told.value.failed.has(events[i]?.id ?? '') ? [] : [m.messageId])));
      }),
  } as const;

  const service = {
    ...state,
    state,
    queues,
    dead,
    outcomes,
    failures,
    logged,
    counted,
    slack,
    told: sent.told,
    commits: () => commits,
    /** A provider tells something, and again until it is taken. */
    tell: async (doc: Doc | Json): Promise<void> => {
      for (let tries = 0; tries < MAX_TRIES; tries++)
        // A test document is plain JSON by construction.
        if ((await inProcess('ingest', (ingest) => ingest(doc as unknown as Json))) !== undefined) return;
      throw new Error('it was never taken');
    },
    /** Puts a message on the changes queue, whatever it is. */
    put: (body: string): void => push('changes', body),
    /** Makes a bundle active, as a release does, and wishes that everything be judged again. */
    activate: async (...args: Parameters<ReturnType<typeof makeWorld>['activate']>): Promise<void> => {
      await worldOf(IMMORTAL).activate(...args);
      push('rejudge', JSON.stringify({ job: 'activation' }));
    },
    /** Ends every process: the next message of each function is a cold start. */
    restart: (): void => {
      for (const name of FUNCTIONS) delete running[name];
    },
    /** One step of every function that has something to do; false: there was nothing. */
    step: async (): Promise<boolean> => {
      passOn();
      const busy = [
        queues.changes.length > 0 ? stepOf.evaluate : [],
        state.stream.length > 0 ? stepOf.stream : [],
        queues.projection.length > 0 ? stepOf.projection : [],
        queues.rejudge.length > 0 ? stepOf.rejudge : [],
        queues.slack.length > 0 ? stepOf.slack : [],
      ].flat();
      for (const work of busy) await work();
      return busy.length > 0;
    },
    /** Until nothing is left to do. */
    settle: async (): Promise<void> => {
      for (let n = 0; n < 20_000; n++) if (!(await service.step())) return;
      throw new Error('it goes on for ever');
    },
    /** What stands in the end, as text. */
    end: (): string => state.resources.all().map(canonicalState).sort().join('\n'),
    /** What is open, and which events were told, as text. */
    open: (): string =>
      state.findings
        .all()
        .flatMap((f) => (f.status === 'open' ? [`${f.id} ${f.policy} ${f.verdict}`] : []))
        .sort()
        .join('\n'),
    /** The verdict of a policy on a resource. */
    verdict: async (id: string, policy: string): Promise<string | undefined> =>
      (await state.resources.read(id))?.verdicts[`store.${policy}`]?.verdict,
  };
  return service;
}
