/** Ten million finding ids: whether two are the same. */
import { findingId } from '../shared/model/finding.ts';
import type { Benchmark } from './benchmark.ts';

const POLICIES = 17;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const VALUE = Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, ALPHABET.indexOf(String.fromCharCode(code))));

/** Six characters of an id from `start`: thirty bits. */
function thirtyBits(id: string, start: number): number {
  let bits = 0;
  for (let i = start; i < start + 6; i++) bits = (bits << 5) | (VALUE[id.charCodeAt(i)] ?? 0);
  return bits;
}

/** The first twelve characters of an id. */
const head = (id: string): bigint => (BigInt(thirtyBits(id, 0)) << 30n) | BigInt(thirtyBits(id, 6));

export const ids: Benchmark = {
  name: 'ids',
  title: 'Finding ids: collisions',
  async run({ quick }) {
    const count = quick ? 100_000 : 10_000_000;
    const policy = (i: number): string => `object-store.policy-${i % POLICIES}`;
    const resource = (i: number): string => `arn:aws:s3:::bucket-${Math.floor(i / POLICIES)}`;
    const heads = new BigUint64Array(count);
    const length = findingId(policy(0), resource(0)).length;
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      const id = findingId(policy(i), resource(i));
      if (id.length !== length) throw new Error(`the id ${id} is not as long as the others`);
      heads[i] = head(id);
    }
    const { user, system } = process.cpuUsage(start);
    heads.sort();
    // Ids whose heads are the same are few, if any: only those are compared whole.
    const same = new Set<bigint>();
    for (let i = 1; i < count; i++) if (heads[i] === heads[i - 1]) same.add(heads[i] ?? 0n);
    let collisions = 0;
    const seen = new Set<string>();
    for (let i = 0; i < count && same.size > 0; i++) {
      const id = findingId(policy(i), resource(i));
      if (!same.has(head(id))) continue;
      if (seen.has(id)) collisions++;
      seen.add(id);
    }
    return [
      { what: `collisions in ${count.toLocaleString('en')} ids`, value: collisions, unit: '', atMost: 0 },
      { what: 'ids whose first 60 bits are the same', value: seen.size, unit: '' },
      { what: 'making an id', value: (user + system) / count, unit: 'µs' },
    ];
  },
};
