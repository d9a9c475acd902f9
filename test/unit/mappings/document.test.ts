import { describe, expect, it } from 'vitest';
import { bool, int } from '../../../shared/model/fact.ts';
import { defineKind } from '../../../shared/model/kind.ts';
import { type Body, type NativeResource, Unresolved } from '../../../shared/model/native.ts';
import { mapDocument } from '../../../shared/mappings/document.ts';
import { defineMapping, is, reading } from '../../../shared/mappings/mapping.ts';
import { terraformOwner } from '../../../shared/mappings/dialects/terraform.ts';
import { at } from '../../../shared/mappings/reader.ts';
import { makeRegistry } from '../../../shared/mappings/registry.ts';

const box = defineKind('box', {
  title: 'Box',
  facts: { locked: bool('It is locked.'), days: int('Days.', { min: 0 }), guarded: bool('Guarded.') },
});
const mapping = defineMapping('aws/box', {
  cloud: 'aws',
  kind: box,
  title: 'Box',
  parts: {
    main: { native: { terraform: 'aws_box' } },
    lock: {
      native: { terraform: 'aws_box_lock' },
      owner: (native) => terraformOwner(native, '/box'),
      readings: { locked: { terraform: at('/locked').bool() } },
    },
    bolt: { native: { terraform: 'aws_box_bolt' }, owner: (native) => terraformOwner(native, '/box'), readings: {} },
  },
  dependsOn: { guard: { mapping: 'aws/guard', on: () => ({ name: 'guard' }) } },
  facts: {
    locked: reading('locked', (parts) =>
      parts.complete
        ? { state: 'default', value: false, because: 'https://example.com', on: '2026-11-25' }
        : { state: 'unknown', why: 'not_collected' },
    ),
    days: is({ terraform: at('/days').int().orDefault(0, { because: 'https://example.com', on: '2026-11-25' }) }),
    guarded: (parts) =>
      parts.dependency('guard')?.get<boolean>('on') ?? {
        state: 'assumed',
        value: false,
        because: 'the guard was never seen',
      },
  },
});
const guard = defineMapping('aws/guard', {
  cloud: 'aws',
  kind: null,
  title: 'Guard',
  parts: { main: { native: { terraform: 'aws_guard' }, readings: { on: { terraform: at('/on').bool() } } } },
  facts: {},
});
const registry = makeRegistry([mapping, guard]);
const native = (type: string, id: string, body: Body, more: Partial<NativeResource> = {}): NativeResource => ({
  dialect: 'terraform',
  cloud: 'aws',
  type,
  id,
  body,
  pointer: `/resources/${id}`,
  tags: { state: 'known', value: [], closed: true, at: '' },
  complete: true,
  orderKey: '',
  ...more,
});

describe('a document set is mapped', () => {
  it('a satellite finds its owner by the address it refers to', () => {
    const { resources } = mapDocument(
      [
        native('aws_box_lock', 'aws_box_lock.a', {
          box: new Unresolved('after apply', ['aws_box.a.id', 'aws_box.a']),
          locked: true,
        }),
        native('aws_box', 'aws_box.a', { days: 3 }),
      ],
      { registry },
    );
    expect(resources.map((r) => r.id)).toEqual(['aws_box.a']);
    expect(resources[0]?.facts.locked).toEqual({
      state: 'known',
      value: true,
      at: '/resources/aws_box_lock.a/locked',
      part: 'lock',
    });
    expect(resources[0]?.natives.map((n) => n.id)).toEqual(['aws_box.a', 'aws_box_lock.a']);
  });

  it('a satellite finds its owner by name; where two have the name, neither is known to have it', () => {
    const lock = native('aws_box_lock', 'aws_box_lock.a', { box: 'Named', locked: true });
    const one = mapDocument([lock, native('aws_box', 'aws_box.a', {}, { name: 'named' })], { registry });
    expect(one.resources).toHaveLength(1);
    const two = mapDocument(
      [
        lock,
        native('aws_box', 'aws_box.a', {}, { name: 'named' }),
        native('aws_box', 'aws_box.b', {}, { name: 'named' }),
      ],
      { registry },
    );
    expect(two.resources.map((r) => [r.id, r.facts.locked?.state])).toEqual([
      ['aws_box.a', 'unknown'],
      ['aws_box.b', 'unknown'],
    ]);
  });

  describe('where a plan does not tell whose part it is', () => {
    const boxes = [native('aws_box', 'aws_box.a', {}), native('aws_box', 'aws_box.b', {})];
    const lock = (id: string, of: Body): NativeResource => native('aws_box_lock', id, { box: of, locked: true });
    const lockedOf = (...natives: readonly NativeResource[]): readonly (readonly [string, string | undefined])[] =>
      mapDocument(natives, { registry }).resources.map((r) => [r.id, r.facts.locked?.state] as const);

    it('nothing of it is known of any that may be meant', () => {
      const either = lock('aws_box_lock.l', new Unresolved('after apply', ['aws_box.a', 'aws_box.b']));
      expect(lockedOf(...boxes, either, native('aws_box', 'aws_box.c', {}))).toEqual([
        ['aws_box.a', 'unknown'],
        ['aws_box.b', 'unknown'],
        ['aws_box.c', 'default'],
      ]);
    });

    it('what surely belongs to one of them still does', () => {
      const either = lock('aws_box_lock.l', new Unresolved('after apply', ['aws_box.a', 'aws_box.b']));
      const mine = lock('aws_box_lock.m', new Unresolved('after apply', ['aws_box.b']));
      expect(lockedOf(...boxes, either, mine)).toEqual([
        ['aws_box.a', 'unknown'],
        ['aws_box.b', 'known'],
      ]);
    });

    it('it may be anybody’s if the document hides what it refers to', () => {
      expect(lockedOf(...boxes, lock('aws_box_lock.l', new Unresolved('after apply', ['local.box'])))).toEqual([
        ['aws_box.a', 'unknown'],
        ['aws_box.b', 'unknown'],
      ]);
      expect(lockedOf(lock('aws_box_lock.l', new Unresolved('after apply', ['local.box'])))).toEqual([
        ['local.box', 'known'],
      ]);
    });

    it('it follows another satellite to its owner', () => {
      const first = lock('aws_box_lock.l', new Unresolved('after apply', ['aws_box.a']));
      const bolt = native('aws_box_bolt', 'aws_box_bolt.n', {
        box: new Unresolved('after apply', ['aws_box_lock.l']),
        bolted: true,
      });
      expect(
        mapDocument([bolt, first, ...boxes], { registry }).resources.map((r) => r.natives.map((n) => n.id)),
      ).toEqual([['aws_box.a', 'aws_box_bolt.n', 'aws_box_lock.l'], ['aws_box.b']]);
    });
  });

  it('a satellite alone makes a resource whose other facts are unknown', () => {
    const { resources } = mapDocument([native('aws_box_lock', 'aws_box_lock.a', { box: 'elsewhere', locked: false })], {
      registry,
    });
    expect(resources).toHaveLength(1);
    expect(resources[0]?.facts.locked).toMatchObject({ state: 'known', value: false });
    expect(resources[0]?.facts.days).toMatchObject({ state: 'unknown', why: 'not_collected' });
    expect(resources[0]?.facts.environment).toMatchObject({ state: 'unknown' });
  });

  it('an absent part of a complete document is the default, of a live one unknown', () => {
    const plan = mapDocument([native('aws_box', 'aws_box.a', {})], { registry }).resources[0];
    const live = mapDocument([native('aws_box', 'aws_box.a', {}, { complete: false })], { registry }).resources[0];
    expect(plan?.facts.locked).toMatchObject({ state: 'default', value: false });
    expect(live?.facts.locked).toMatchObject({ state: 'unknown', why: 'not_collected' });
  });

  it('a dependency that is in the set is read, one that is not is the worst case, assumed', () => {
    const without = mapDocument([native('aws_box', 'aws_box.a', {})], { registry }).resources[0];
    const withIt = mapDocument(
      [native('aws_box', 'aws_box.a', {}), native('aws_guard', 'aws_guard.g', { on: true }, { name: 'guard' })],
      { registry },
    );
    expect(without?.facts.guarded).toMatchObject({ state: 'assumed', value: false });
    expect(withIt.resources).toHaveLength(1);
    expect(withIt.resources[0]?.facts.guarded).toMatchObject({ state: 'known', value: true });
  });

  it('a value of the wrong type is unknown, never the default', () => {
    const { resources } = mapDocument([native('aws_box', 'aws_box.a', { days: 'many' })], { registry });
    expect(resources[0]?.facts.days).toMatchObject({
      state: 'unknown',
      why: 'invalid',
      at: '/resources/aws_box.a/days',
    });
    const below = mapDocument([native('aws_box', 'aws_box.a', { days: -1 })], { registry });
    expect(below.resources[0]?.facts.days).toMatchObject({ state: 'unknown', why: 'invalid' });
  });

  it('the newer of two documents of one part wins, whatever their order', () => {
    const older = native('aws_box', 'aws_box.a', { days: 1 }, { orderKey: '2026-01-01' });
    const newer = native('aws_box', 'aws_box.a', { days: 2 }, { orderKey: '2026-01-02' });
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      expect(mapDocument(order, { registry }).resources[0]?.facts.days).toMatchObject({ value: 2 });
    }
  });

  it('an unmapped type is counted', () => {
    const { unsupported } = mapDocument(
      [native('aws_x', 'a', {}), native('aws_x', 'b', {}), native('aws_a', 'c', {})],
      { registry },
    );
    expect(unsupported).toEqual([
      { nativeType: 'aws_a', count: 1 },
      { nativeType: 'aws_x', count: 2 },
    ]);
  });

  it('two mappings cannot claim one native type', () => {
    const again = defineMapping('aws/box-again', {
      cloud: 'aws',
      kind: null,
      title: 'Box',
      parts: { main: { native: { terraform: 'aws_box' } } },
      facts: {},
    });
    expect(() => makeRegistry([mapping, again])).toThrow(/claim terraform aws_box/);
  });
});
