/** What each form can say: the gaps of the renderers, made explicit (docs/renderers.md). */
import { contextFacts } from '../../kinds/index.ts';
import type { FactSpec, FactState, FactValue } from '../../model/fact.ts';
import { NONE } from '../../model/fact.ts';
import type { Kind } from '../../model/kind.ts';
import { nativeForms, renderForm, type RenderOptions } from './render.ts';

/** A value of a fact, and whether a form can say it: as known, only as what is assumed, or not at all. */
export interface Expressible {
  readonly form: string;
  readonly fact: string;
  readonly value: string;
  readonly is: 'said' | 'assumed' | 'not said';
}

/** Days worth looking at: none, one, a week, and beyond what some services keep. */
const DAYS = [0, 1, 7, 30, 90];
const INGRESS: { readonly [name: string]: readonly { readonly [field: string]: unknown }[] } = {
  nothing: [],
  'tcp from the internet': [{ internet: true, protocol: 'tcp', ports: { from: 22, to: 22 } }],
  'a range of udp': [{ internet: false, protocol: 'udp', ports: { from: 1000, to: 2000 } }],
  'from IPv6': [
    { internet: true, source: { family: 'ipv6', first: '0'.repeat(32), last: 'f'.repeat(32) }, protocol: 'tcp' },
  ],
  'from a group': [{ internet: false, source: NONE, protocol: 'tcp' }],
  icmp: [{ internet: true, protocol: 'icmp' }],
  'another protocol': [{ internet: true, protocol: 'other' }],
  'every protocol': [{ internet: true, protocol: 'all' }],
  'one port of every protocol': [{ internet: true, protocol: 'all', ports: { from: 22, to: 22 } }],
  'two rules': [
    { internet: true, protocol: 'tcp', ports: { from: 22, to: 22 } },
    { internet: false, protocol: 'udp', ports: { from: 53, to: 53 } },
  ],
  'a source that is not known': [{ protocol: 'tcp', ports: { from: 22, to: 22 } }],
  'a protocol that is not known': [{ internet: true }],
  'ports that are not known': [{ internet: true, protocol: 'tcp' }],
};
const FIELD_OF: { readonly [name: string]: string } = {
  'a source that is not known': 'internet',
  'a protocol that is not known': 'protocol',
  'ports that are not known': 'ports',
};

type Value = readonly [name: string, state: FactState, options: RenderOptions];
const known = (value: FactValue): FactState => ({ state: 'known', value, at: '' });

function valuesOf({ shape, optional }: FactSpec): readonly Value[] {
  const values: Value[] = [];
  const add = (name: string, value: FactValue): void => void values.push([name, known(value), {}]);
  if (shape.type === 'bool') for (const v of [true, false]) add(String(v), v);
  else if (shape.type === 'enum') for (const v of shape.values) add(v, v);
  else if (shape.type === 'int') for (const v of DAYS) add(String(v), v);
  else if (shape.type === 'string') add('a text', 'claims');
  else if (shape.type === 'list') {
    for (const [name, items] of Object.entries(INGRESS)) {
      const field = FIELD_OF[name];
      const state: FactState = { state: 'known', value: items as FactValue, closed: true, at: '' };
      values.push([name, state, field === undefined ? {} : { unknownFields: [field] }]);
    }
  }
  if (optional) add('none', NONE);
  return [...values, ['unknown', { state: 'unknown', why: 'not_collected' }, {}]];
}

/** The context facts that are written as tags. */
export const TAGGED = ['environment', 'data_classification', 'owner'] as const;

/** Every (form, fact, value) of a kind, each fact by itself. */
export function expressibleOf(kind: Kind): readonly Expressible[] {
  const tagged = TAGGED.flatMap((fact) => {
    const spec = contextFacts[fact];
    return spec === undefined ? [] : [[fact, spec] as const];
  });
  return (nativeForms[kind.id] ?? []).flatMap((form) =>
    [...Object.entries(kind.facts), ...tagged].flatMap(([fact, spec]) =>
      valuesOf(spec).map(([value, state, options]): Expressible => {
        const can = (o: RenderOptions): boolean =>
          renderForm(kind.id, form, { [fact]: state }, { ...options, ...o }) !== undefined;
        const is = can({}) ? 'said' : can({ assumed: true }) ? 'assumed' : 'not said';
        return { form: form.name, fact, value, is };
      }),
    ),
  );
}
