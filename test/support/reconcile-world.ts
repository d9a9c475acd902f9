/**
 * A provider with accounts full of resources, a pipeline that hears of them by events, and the sweep that lists them, all
 * in one process. Every document is of the test kind.
 */
import { makeMemoryFindingStore } from '../../shared/adapters/memory/finding-store.ts';
import {
  makeMemoryCoverageLedger,
  makeMemoryRoster,
  makeMemorySourceLog,
  makeMemorySweepLog,
} from '../../shared/adapters/memory/services.ts';
import { makeRepaired } from '../../shared/adapters/service/reconciled.ts';
import { makeSweep } from '../../shared/adapters/service/sweep.ts';
import { type Change, instant } from '../../shared/model/change.ts';
import type { AppError } from '../../shared/model/errors.ts';
import type { ReconciledEvent } from '../../shared/model/finding-event.ts';
import type { Json } from '../../shared/model/json.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';
import type { Repair } from '../../shared/pipeline/stages.ts';
import type { Inventory, InventoryPage } from '../../shared/ports/inventory.ts';
import type { ReadBack } from '../../shared/ports/read-back.ts';
import { IMMORTAL, type Life } from './interference.ts';
import { type DoStep, runMachine } from './sweep-machine.ts';
import { change, type Doc, makeWorld, registry, testForm } from './world.ts';

/** What the list does at a page, instead of giving it. */
export type Trouble = AppError | 'unreadable' | 'incomplete';

const ACCOUNT = '111122223333';
const PAGE = 50;
const LISTED = new Set(['Test::Store', 'Test::Block']);

/** A document at an instant: `at` counts seconds after nine on 25 November. */
const NINE = Date.parse('2026-11-25T09:00:00.000Z');

export function makeReconcileWorld(
  options: {
    readonly scopes?: readonly string[];
    /** What is absent is asked for, and this is the answer. */
    readonly ask?: ReadBack;
    /** How a new process of the sweep lives; the default is for ever. */
    readonly start?: () => Life;
    /** What is left to a step, always: with more than is reserved it goes on at once with what follows. @default five minutes */
    readonly leftMs?: number;
  } = {},
) {
  const { ask, start = () => IMMORTAL, leftMs = 300_000 } = options;
  const world = makeWorld({
    policies: ['not-public', 'versioned'],
    ...(ask === undefined ? {} : { readBack: { aws: ask } }),
  });
  const scopes = options.scopes ?? [ACCOUNT];
  /** What there is, by id: the truth. */
  const truth = new Map<string, Doc>();
  const roster = makeMemoryRoster();
  const ledger = makeMemoryCoverageLedger();
  const sources = makeMemorySourceLog();
  const runs = makeMemorySweepLog();
  const repairs: Repair[] = [];
  const counts = new Map<string, number>();
  let trouble: (scope: string, page: number) => Trouble | undefined = () => undefined;
  /** Called before a page is listed: what happens in the world meanwhile. */
  let meanwhile: (scope: string, page: number) => Promise<void> = async () => undefined;
  const nowMs = (): number => world.clock.now();

  const inventory: Inventory = {
    source: 'aws.sweep',
    scopes,
    covers: ({ nativeType, account = '', id: resourceId }) => {
      const notice = { is: 'notice', cloud: 'aws', resourceId, nativeType, account } as const;
      if (!LISTED.has(nativeType)) return undefined;
      return { scope: account, place: account, absence: ask === undefined ? 'gone' : notice };
    },
    page: async (scope, next) => {
      const page = Number(next ?? 0);
      await meanwhile(scope, page);
      const what = trouble(scope, page);
      if (what !== undefined && typeof what !== 'string') throw what;
      const docs = [...truth.values()].filter((d) => (d.account ?? ACCOUNT) === scope && d.deleted !== true);
      const shown = docs.slice(page * PAGE, (page + 1) * PAGE);
      const contents = shown.map((doc) => ({ is: 'document' as const, form: 'test', document: asJson(doc) }));
      const broken = { is: 'document' as const, form: 'test', document: 'gibberish' };
      return {
        readKey: instant(nowMs()),
        contents: what === 'unreadable' ? [broken, ...contents.slice(1)] : contents,
        ...(docs.length > (page + 1) * PAGE ? { next: String(page + 1) } : {}),
        ...(what === 'incomplete' ? { incomplete: true } : {}),
      } satisfies InventoryPage;
    },
  };

  const repaired = makeRepaired(runs, nowMs);
  const judgeAll = async (changes: readonly Change[]): Promise<void> => {
    await world.active.refresh();
    const { work } = await world.normalize(changes);
    for (const w of work) {
      const judged = await world.judge(w);
      repairs.push(...judged.repairs);
      await repaired(judged.repairs);
    }
  };
  const findings = makeMemoryFindingStore();
  const makeProcess = ({ wrap }: Life): ReturnType<typeof makeSweep> => {
    const lists = wrap({ page: (scope: string, next?: string) => inventory.page(scope, next) });
    return makeSweep({
      inventories: [{ ...inventory, page: (scope, next) => lists.page(scope, next) }],
      registry,
      read: (_form, document, hints) => {
        if (typeof document === 'string') throw new Error('no document');
        return testForm.read(document, hints as Parameters<typeof testForm.read>[1]);
      },
      resources: wrap(world.resources),
      roster: wrap(roster),
      runs: wrap(runs),
      observe: makeObserve({ forms: [testForm], quarantine: wrap(world.quarantine) }),
      send: wrap({ judgeAll }).judgeAll,
      sources: wrap(sources),
      ledger: wrap(ledger),
      findings: wrap(findings),
      bus: wrap(world.bus),
      count: (name, value = 1) => void counts.set(name, (counts.get(name) ?? 0) + value),
      log: () => undefined,
      nowMs,
    });
  };
  let running: { readonly life: Life; readonly step: ReturnType<typeof makeSweep> } | undefined;
  /** A process of the function does a step. What a process does that dies of it, nobody hears of. */
  const doStep: DoStep = async (step) => {
    if (running === undefined) {
      const life = start();
      running = { life, step: makeProcess(life) };
    }
    const { life } = running;
    const next = await running
      .step(step, () => leftMs)
      .finally(() => {
        if (life.isDead()) running = undefined;
      });
    if (life.isDead()) throw new Error('the process died');
    return next;
  };

  return {
    ...world,
    truth,
    roster,
    ledger,
    sources,
    repairs,
    counts,
    trouble: (of: typeof trouble) => void (trouble = of),
    meanwhile: (of: typeof meanwhile) => void (meanwhile = of),
    /** The world changes; the event is told, or dropped. */
    happen: async (doc: Doc, told = true): Promise<void> => {
      if (doc.deleted === true) truth.delete(doc.id);
      else truth.set(doc.id, doc);
      if (told) await judgeAll([change(doc)]);
    },
    /** Sweeps until nothing is left to do. */
    sweep: async (): Promise<readonly ReconciledEvent[]> => {
      const before = world.bus.events.length;
      running = undefined;
      await runMachine(doStep, { nowMs, wait: (ms) => world.clock.set(nowMs() + ms) });
      await world.drain();
      return world.bus.events
        .slice(before)
        .flatMap((event) => (event.detailType === 'SourceReconciled.v1' ? [event] : []));
    },
    /** Goes on to so many seconds after nine. */
    at: (seconds: number): void => world.clock.set(NINE + seconds * 1000),
    live: (): readonly string[] =>
      world.resources
        .all()
        .filter((s) => !s.deleted && s.mapping === 'aws/test-store')
        .map(({ id }) => id)
        .sort(),
  };
}

const asJson = (doc: Doc): Json => doc as unknown as Json; // plain JSON by construction
