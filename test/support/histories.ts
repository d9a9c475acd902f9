import * as fc from 'fast-check';
import type { Json } from '../../shared/model/json.ts';
import { change, type Doc } from './world.ts';
import type { Change } from '../../shared/model/change.ts';

const flag = fc.constantFrom<Json>(true, false, null, 'perhaps');
const storeBody = fc.record({ open: flag, versioned: flag }, { requiredKeys: [] });
const policyBody = fc.record(
  { encryption: fc.constantFrom<Json>('none', 'customer_key', 'nonsense') },
  { requiredKeys: [] },
);
const grantBody = fc.record({ public: flag }, { requiredKeys: [] });
const blockBody = fc.record({ blocked: flag }, { requiredKeys: [] });
const at = fc.integer({ min: 0, max: 12 });
const storeId = fc.constantFrom('s1', 's2');
const tags = fc.constantFrom<{ [key: string]: string }>({}, { env: 'prod' }, { env: 'dev', owner: 'team-a' });
const deleted = fc.constantFrom(false, false, false, true);

/** A document about one of two stores, their satellites, or the block of one of two accounts that they depend on. */
export const docArb: fc.Arbitrary<Doc> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('Test::Store' as const),
      id: storeId,
      at,
      body: storeBody,
      deleted,
      tags,
      account: fc.constantFrom('acc-1', 'acc-2'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('Test::StorePolicy' as const),
      id: storeId.map((s) => `${s}/policy`),
      at,
      body: policyBody,
      deleted,
      account: fc.constant('acc-1'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('Test::Grant' as const),
      id: fc.tuple(storeId, fc.constantFrom('a', 'b')).map(([s, g]) => `${s}/grant/${g}`),
      at,
      body: grantBody,
      deleted,
      account: fc.constant('acc-1'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('acc-1', 'acc-2').chain((account) =>
      fc.record({
        type: fc.constant('Test::Block' as const),
        id: fc.constant(`block/${account}`),
        at,
        body: blockBody,
        deleted,
        account: fc.constant(account),
      }),
    ),
  },
);

/** A history of documents. */
export const historyArb: fc.Arbitrary<readonly Doc[]> = fc.array(docArb, { minLength: 1, maxLength: 14 });

/** One way in which a history may arrive: shuffled, some of it repeated, in batches, published now or later. */
export interface Arrival {
  readonly batches: readonly (readonly Change[])[];
  /** After which batches the stream is read. */
  readonly drains: readonly boolean[];
}

/** Arrivals of a history. */
export function arrivalArb(history: readonly Doc[]): fc.Arbitrary<Arrival> {
  const changes = history.map((doc) => change(doc));
  return fc
    .record({
      order: fc.shuffledSubarray(changes, { minLength: changes.length, maxLength: changes.length }),
      repeats: fc.subarray(changes),
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 30, maxLength: 30 }),
      drains: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
      mix: fc.infiniteStream(fc.nat()),
    })
    .map(({ order, repeats, sizes, drains, mix }) => {
      const arriving = [...order];
      // A repeat comes anywhere after... or before the original: the queue promises nothing.
      for (const repeat of repeats) arriving.splice((mix.next().value ?? 0) % (arriving.length + 1), 0, repeat);
      const batches: Change[][] = [];
      for (const size of sizes) {
        if (arriving.length === 0) break;
        batches.push(arriving.splice(0, size));
      }
      if (arriving.length > 0) batches.push(arriving);
      return { batches, drains };
    });
}
