import type { IpRange, Range } from './fact.ts';
import type { Severity } from './verdict.ts';

/** A literal of the clause language. `'none'` is written `{none: true}` after parsing. IP ranges are written as CIDR strings and normalised. */
export type Literal = boolean | number | string | Range | IpRange | { readonly none: true };
/** A parameter of the policy, by name. */
export interface ParamRef {
  readonly param: string;
}
export type Operand = Literal | ParamRef;

/** What an atom speaks of: a fact of the resource, or inside a quantifier a field of the item (`item: true` for a scalar item). */
export type Subject = { readonly fact: string } | { readonly field: string } | { readonly item: true };

export type Atom = Subject &
  (
    | { readonly is: Operand }
    | { readonly in: readonly Operand[] | ParamRef }
    | { readonly at_least: Operand }
    | { readonly at_most: Operand }
    | { readonly matches: Operand }
    | { readonly older_than_days: Operand }
    | { readonly within: Operand | readonly Operand[] }
    | { readonly intersects: Operand | readonly Operand[] }
    | { readonly contains: Operand }
  );

/**
 * A condition as written in policy.yaml, after parsing. The language is small, typed against the kind, and total;
 * `shared/policy/meaning.ts` is its specification.
 */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly every: string; readonly that: Condition }
  | { readonly some: string; readonly that: Condition }
  | { readonly none: string; readonly that: Condition }
  | { readonly count: string; readonly that: Condition; readonly at_least?: Operand; readonly at_most?: Operand }
  | {
      readonly tag: {
        readonly key: string;
        readonly is?: Operand;
        readonly in?: readonly Operand[] | ParamRef;
        readonly matches?: Operand;
      };
    }
  | RegoCondition
  | Atom;

/** What the language cannot say: policy.rego decides it, reading just these facts. The whole of a clause, never a part of one. */
export interface RegoCondition {
  readonly rego: readonly string[];
}

export interface Clause {
  readonly id: string;
  /** The words of intent.md that it formalises. */
  readonly says: string;
  readonly that: Condition;
}

export interface Param {
  readonly says: string;
  readonly type: 'int' | 'string' | 'list_of_ranges' | 'list_of_ip_ranges' | 'list_of_strings';
  readonly default: Literal | readonly Literal[];
  readonly min?: number;
  readonly max?: number;
  /** Other values for other scopes, first match wins; conditions over context facts only. */
  readonly overrides?: readonly { readonly when: Condition; readonly value: Literal | readonly Literal[] }[];
}

/** policy.yaml, parsed and typed. */
export interface Policy {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly kind: string;
  readonly applies_when?: Condition;
  readonly require: readonly Clause[];
  readonly params?: { readonly [name: string]: Param };
  readonly frameworks: { readonly [framework: string]: readonly string[] };
  /** Shown with a violation: what to do, in any cloud. */
  readonly remediation: string;
  /** How long an exception to it may last. Absent: `DEFAULT_MAX_DAYS`. */
  readonly exceptions?: { readonly max_days: number };
}
