/** The stages of the service in memory, with the mappings, forms and policies that ship. */
import { shippedEngine } from '../../cli/bundle.ts';
import { makeMemoryExceptionStore } from '../../shared/adapters/memory/exception-store.ts';
import { makeMemoryResourceStore } from '../../shared/adapters/memory/resource-store.ts';
import { makeMemoryClock, makeMemoryQuarantine } from '../../shared/adapters/memory/services.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import type { DocumentForm } from '../../shared/mappings/form.ts';
import { registry } from '../../shared/mappings/registry.ts';
import type { Change, ReadHints } from '../../shared/model/change.ts';
import type { Json } from '../../shared/model/json.ts';
import type { ActiveSource } from '../../shared/pipeline/active.ts';
import { makeEvaluate } from '../../shared/pipeline/evaluate.ts';
import { makeJudge } from '../../shared/pipeline/judge.ts';
import { makeNormalize } from '../../shared/pipeline/normalize.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';
import { makeRecord } from '../../shared/pipeline/record.ts';
import type { Outcome } from '../../shared/pipeline/stages.ts';
import type { ReadBack } from '../../shared/ports/read-back.ts';
import { NOON } from './world.ts';

const KEY = '2026-11-25T09:00:00.000Z';
const engine = shippedEngine();

export function makeShippedService(
  options: {
    readonly forms?: readonly DocumentForm[];
    readonly readBack?: { readonly [cloud: string]: ReadBack };
  } = {},
) {
  const clock = makeMemoryClock(NOON);
  const resources = makeMemoryResourceStore();
  const quarantine = makeMemoryQuarantine();
  const now = {
    activation: {
      sequence: 1,
      bundle: engine.hash,
      bundleSequence: 1,
      context: 'default',
      contextSequence: 1,
      activatedAt: KEY,
    },
    engine,
    context: DEFAULT_CONTEXT,
  };
  const active: ActiveSource = { current: async () => now, refresh: async () => now };
  const allForms = [...forms, ...(options.forms ?? [])];
  const normalize = makeNormalize({
    forms: allForms,
    registry,
    readBack: options.readBack ?? {},
    quarantine,
    clock,
  });
  const judge = makeJudge({
    evaluate: makeEvaluate({ resources, exceptions: makeMemoryExceptionStore(), active, registry, clock }),
    record: makeRecord({ resources }),
    active,
  });
  const observe = makeObserve({ forms: allForms, quarantine });
  const tell = async (changes: readonly Change[]): Promise<readonly Outcome[]> => {
    const { work, outcomes } = await normalize(changes);
    const all = [...outcomes];
    for (const w of work) all.push(...(await judge(w)).outcomes);
    return all;
  };
  return {
    resources,
    quarantine,
    /** Judges changes; the outcome of each. */
    tell,
    /** Judges a document, as a source brings it. */
    send: async (form: string, document: Json, read: ReadHints = { orderKey: KEY }): Promise<void> => {
      const { changes } = await observe({ source: 'test', origin: 'event', form, document, receivedAt: KEY, read });
      await tell(changes);
    },
  };
}
