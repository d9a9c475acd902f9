/**
 * Facts: typed statements about a resource, the only thing a policy ever sees.
 *
 * A fact's value is plain JSON:
 * | type        | value                                                                    |
 * | ----------- | ------------------------------------------------------------------------ |
 * | `bool`      | `true` / `false`                                                         |
 * | `enum`      | one of the declared values                                               |
 * | `int`       | an integer                                                               |
 * | `string`    | a string; lower-cased by the mapping where the fact folds case           |
 * | `timestamp` | integer epoch seconds                                                    |
 * | `range`     | `{from, to}` integers, inclusive, `from <= to`                           |
 * | `ip_range`  | `{family, first, last}`; fixed-width lower-case hex (8 digits v4, 32 v6) |
 * | list        | an array (a multiset) of scalars or of records                           |
 * | none        | `{none: true}`: an optional fact that is known to have no value          |
 *
 * A missing key means unknown, never "no". In a record the same holds for each field.
 */
export type ScalarType =
  | { readonly type: 'bool' }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  | { readonly type: 'int'; readonly unit?: string; readonly min?: number; readonly max?: number }
  | { readonly type: 'string'; readonly fold: boolean }
  | { readonly type: 'timestamp' }
  | { readonly type: 'range'; readonly min: number; readonly max: number }
  | { readonly type: 'ip_range' };

/** A list of scalars; inside a record it is either seen completely or unknown (absent). */
export interface ScalarListType {
  readonly type: 'list';
  readonly of: ScalarType;
}
export interface FieldSpec {
  readonly says: string;
  readonly optional: boolean;
  readonly shape: ScalarType | ScalarListType;
}
export interface RecordType {
  readonly type: 'record';
  readonly fields: { readonly [field: string]: FieldSpec };
}
export interface ListType {
  readonly type: 'list';
  readonly of: ScalarType | RecordType;
}
export type FactShape = ScalarType | ListType;

/** One declared fact: what it states about the world, and its type. */
export interface FactSpec {
  readonly says: string;
  readonly optional: boolean;
  readonly shape: FactShape;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}
export interface IpRange {
  readonly family: 'ipv4' | 'ipv6';
  readonly first: string;
  readonly last: string;
}
export interface None {
  readonly none: true;
}
export const NONE: None = { none: true };
export type ScalarValue = boolean | number | string | Range | IpRange | None;
export interface RecordValue {
  readonly [field: string]: ScalarValue | readonly ScalarValue[] | undefined;
}
export type FactValue = ScalarValue | readonly (ScalarValue | RecordValue)[];

/** Why a fact is unknown. */
export type UnknownReason = 'not_collected' | 'denied' | 'unresolved' | 'invalid';

/**
 * The state of a fact or of a reading (see `shared/mappings/mapping.ts`).
 * - `known`: read at `at`, a JSON Pointer into the native document (of part `part` where there are several).
 * - `default`: the provider's documented behaviour when the property is absent; `because` is the URL, `on` the date read.
 * - `assumed`: the worst case of something never seen; it may yield a violation, never compliance.
 *   A default or an assumption that only completes what was read (a public grant, and nothing seen that blocks it) names in `at` what was read.
 * - `unknown`: with the reason. A guess is a defect.
 * `closed` (lists only): the list was seen completely; otherwise more items may exist.
 */
export type State<V> =
  | {
      readonly state: 'known';
      readonly value: V;
      readonly closed?: boolean;
      readonly at: string;
      readonly part?: string;
      readonly native?: string;
    }
  | {
      readonly state: 'default';
      readonly value: V;
      readonly closed?: boolean;
      readonly because: string;
      readonly on: string;
      readonly at?: string;
      readonly part?: string;
      readonly native?: string;
    }
  | {
      readonly state: 'assumed';
      readonly value: V;
      readonly closed?: boolean;
      readonly because: string;
      readonly at?: string;
      readonly part?: string;
      readonly native?: string;
    }
  | {
      readonly state: 'unknown';
      readonly why: UnknownReason;
      readonly at?: string;
      readonly part?: string;
      readonly detail?: string;
    };
export type FactState = State<FactValue>;
export type FactStates = { readonly [fact: string]: FactState };

/** The most items a list fact keeps; a longer list is cut and is no longer `closed`. */
export const LIST_CAP = 200;

/** Declares a boolean fact. `says` is the sentence that is true when the fact is true. */
export const bool = (says: string): FactSpec => ({ says, optional: false, shape: { type: 'bool' } });
/** Declares a fact with a closed set of values. */
export const oneOf = (values: readonly string[], says: string): FactSpec => ({
  says,
  optional: false,
  shape: { type: 'enum', values },
});
/** Declares an integer fact with its unit. */
export const int = (says: string, o: { unit?: string; min?: number; max?: number } = {}): FactSpec => ({
  says,
  optional: false,
  shape: { type: 'int', ...o },
});
/** Declares a string fact; `fold` says whether letter case is meaningless (the mapping then lower-cases it). */
export const string = (says: string, o: { fold: boolean }): FactSpec => ({
  says,
  optional: false,
  shape: { type: 'string', ...o },
});
/** Declares an instant: integer epoch seconds. */
export const timestamp = (says: string): FactSpec => ({ says, optional: false, shape: { type: 'timestamp' } });
/** Declares an inclusive range of integers. */
export const range = (says: string, o: { min: number; max: number }): FactSpec => ({
  says,
  optional: false,
  shape: { type: 'range', ...o },
});
/** Declares a range of IP addresses. */
export const ipRange = (says: string): FactSpec => ({ says, optional: false, shape: { type: 'ip_range' } });
/** Makes a fact optional: `none` is then a known value, distinct from unknown. */
export const optional = (spec: FactSpec): FactSpec => ({ ...spec, optional: true });
/** Declares a list of records. */
export const listOf = (says: string, fields: { readonly [field: string]: FactSpec }): FactSpec => ({
  says,
  optional: false,
  shape: { type: 'list', of: { type: 'record', fields: fields as RecordType['fields'] } },
});
/** Declares a list of scalars from the declaration of one. */
export const listOfScalars = (says: string, of: FactSpec): FactSpec => {
  if (of.shape.type === 'list') throw new Error('a scalar list holds scalars');
  return { says, optional: false, shape: { type: 'list', of: of.shape } };
};
