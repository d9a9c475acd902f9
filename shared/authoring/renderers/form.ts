/** A form: one native thing in one dialect, as a base document and, for each value of a fact, what to change in it. */
import type { Cloud } from '../../model/cloud.ts';
import type { FactValue } from '../../model/fact.ts';
import type { Json } from '../../model/json.ts';
import type { Draft, Edits, Envelope, GONE } from './document.ts';

/** What to change for a value: one way, or several, of which the first that agrees with everything else is taken. */
export type Ways = Edits | readonly Edits[];
/** By the value as text (`true`, `customer_key`, `none`, `unknown`), or made from it. */
export type Setter = { readonly [value: string]: Ways } | ((value: FactValue, closed: boolean) => Ways | undefined);

export interface NativeForm {
  /** As a file name begins: the dialect, then what it is. */
  readonly name: string;
  readonly cloud: Cloud;
  readonly envelope: Envelope;
  /** The resource of the draft that has the kind: its tags are the resource's. */
  readonly main: string;
  readonly draft: Draft;
  /** Facts of the kind. One that is not here is what the base says, always. */
  readonly facts: { readonly [fact: string]: Setter };
  /** What stands for the account and the region in the base, where the document says them. */
  readonly account?: string;
  readonly region?: string;
}

/** The ways as a list. */
export const waysOf = (ways: Ways | undefined): readonly Edits[] =>
  ways === undefined ? [] : Array.isArray(ways) ? (ways as readonly Edits[]) : [ways as Edits];

/** A setter of one place. */
export const at = (pointer: string, values: { readonly [value: string]: Json | typeof GONE }): Setter =>
  Object.fromEntries(Object.entries(values).map(([value, to]): [string, Edits] => [value, { [pointer]: to }]));
