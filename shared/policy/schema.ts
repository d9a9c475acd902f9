/**
 * The contract of a policy's input, from the declaration of its kind: a JSON Schema for `opa check --schema`, and a
 * hand-compiled validator of the same contract, closed and fast, that stands before every evaluation.
 */
import type { FactSpec, FactStates, FieldSpec, RecordType, ScalarListType, ScalarType } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import { factsOf } from './core.ts';
import { HEX_DIGITS, isNone } from './literals.ts';

// ── JSON Schema ─────────────────────────────────────────────────────────────────────────────────────────────────

export type Schema = { readonly [keyword: string]: unknown };

const closedObject = (properties: { readonly [name: string]: Schema }, required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
  additionalProperties: false,
});

const NONE_SCHEMA = closedObject({ none: { type: 'boolean', enum: [true] } }, ['none']);

const hex = (family: keyof typeof HEX_DIGITS): Schema => ({
  type: 'string',
  pattern: `^[0-9a-f]{${HEX_DIGITS[family]}}$`,
});
const ipRange = (family: keyof typeof HEX_DIGITS): Schema =>
  closedObject({ family: { type: 'string', enum: [family] }, first: hex(family), last: hex(family) }, [
    'family',
    'first',
    'last',
  ]);

const SAFE = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

function scalarSchema(type: ScalarType): Schema {
  switch (type.type) {
    case 'bool':
      return { type: 'boolean' };
    case 'enum':
      return { type: 'string', enum: type.values };
    case 'string':
      return { type: 'string' };
    case 'int':
      return { type: 'integer', minimum: type.min ?? SAFE.minimum, maximum: type.max ?? SAFE.maximum };
    case 'timestamp':
      return { type: 'integer', ...SAFE };
    case 'range': {
      const bound = { type: 'integer', minimum: type.min, maximum: type.max };
      return closedObject({ from: bound, to: bound }, ['from', 'to']);
    }
    case 'ip_range':
      return { anyOf: [ipRange('ipv4'), ipRange('ipv6')] };
  }
}

function shapeSchema(shape: FactSpec['shape'] | FieldSpec['shape']): Schema {
  if (shape.type !== 'list') return scalarSchema(shape);
  return { type: 'array', items: shape.of.type === 'record' ? recordSchema(shape.of) : scalarSchema(shape.of) };
}

function specSchema({ says, optional, shape }: FactSpec | FieldSpec): Schema {
  const schema = shapeSchema(shape);
  return optional ? { description: says, anyOf: [schema, NONE_SCHEMA] } : { description: says, ...schema };
}

/** No field of a record is required: a missing one is unknown. */
const recordSchema = ({ fields }: RecordType): Schema =>
  closedObject(Object.fromEntries(Object.entries(fields).map(([f, spec]) => [f, specSchema(spec)])), []);

/** JSON Schema (draft 7) of the policy input of a kind. No fact is required: a missing one is unknown. Inverted ranges it cannot say. */
export function schemaOf(kind: Kind): Schema {
  const facts = factsOf(kind);
  const lists = Object.keys(facts).filter((f) => facts[f]?.shape.type === 'list');
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: `Policy input: ${kind.title}`,
    ...closedObject(
      {
        facts: closedObject(Object.fromEntries(Object.entries(facts).map(([f, spec]) => [f, specSchema(spec)])), []),
        closed: {
          description: 'The lists that were seen completely.',
          type: 'array',
          items: { type: 'string', enum: lists },
        },
        now: { description: 'The instant of judgement, in epoch seconds.', type: 'integer' },
      },
      ['facts', 'closed', 'now'],
    ),
  };
}

// ── Validator ───────────────────────────────────────────────────────────────────────────────────────────────────

/** What is wrong with a value, without the value; undefined if it is as declared. */
type Check = (value: unknown) => string | undefined;

const isInteger = (v: unknown): v is number => Number.isSafeInteger(v);
const hasKeys = (v: { readonly [k: string]: unknown }, n: number): boolean => Object.keys(v).length === n;

function isHex(v: unknown, digits: number): v is string {
  if (typeof v !== 'string' || v.length !== digits) return false;
  for (let i = 0; i < digits; i++) {
    const c = v.charCodeAt(i);
    if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102))) return false;
  }
  return true;
}

function scalarCheck(type: ScalarType): Check {
  switch (type.type) {
    case 'bool':
      return (v) => (typeof v === 'boolean' ? undefined : 'not a boolean');
    case 'enum': {
      const values = new Set<unknown>(type.values);
      return (v) => (values.has(v) ? undefined : `not one of ${type.values.join(', ')}`);
    }
    case 'string':
      // A lone surrogate has no UTF-8 and would stop the engine.
      return (v) => (typeof v !== 'string' ? 'not a string' : v.isWellFormed() ? undefined : 'not well-formed Unicode');
    case 'int': {
      const { min = SAFE.minimum, max = SAFE.maximum } = type;
      return (v) =>
        !isInteger(v) ? 'not an integer' : v < min ? `below ${min}` : v > max ? `above ${max}` : undefined;
    }
    case 'timestamp':
      return (v) => (isInteger(v) ? undefined : 'not epoch seconds');
    case 'range': {
      const { min, max } = type;
      return (v) => {
        if (!isObject(v) || !isInteger(v.from) || !isInteger(v.to) || !hasKeys(v, 2)) return 'not a range';
        if (v.from > v.to) return 'an inverted range';
        return v.from < min || v.to > max ? `outside ${min}-${max}` : undefined;
      };
    }
    case 'ip_range':
      return (v) => {
        if (!isObject(v) || (v.family !== 'ipv4' && v.family !== 'ipv6') || !hasKeys(v, 3)) return 'not an ip range';
        const digits = HEX_DIGITS[v.family];
        if (!isHex(v.first, digits) || !isHex(v.last, digits)) return 'not an ip range';
        return v.first > v.last ? 'an inverted range' : undefined;
      };
  }
}

function listCheck(of: Check): Check {
  return (v) => {
    if (!Array.isArray(v)) return 'not a list';
    for (let i = 0; i < v.length; i++) {
      const problem = of(v[i]);
      if (problem !== undefined) return `item ${i}: ${problem}`;
    }
    return undefined;
  };
}

function recordCheck({ fields }: RecordType): Check {
  const checks = new Map(Object.entries(fields).map(([f, spec]) => [f, specCheck(spec)]));
  return (v) => {
    if (!isObject(v)) return 'not a record';
    for (const field in v) {
      const value = v[field];
      if (value === undefined) continue;
      const check = checks.get(field);
      if (check === undefined) return 'has a field that is not declared';
      const problem = check(value);
      if (problem !== undefined) return `${field}: ${problem}`;
    }
    return undefined;
  };
}

function specCheck({ optional, shape }: FactSpec | FieldSpec): Check {
  const check =
    shape.type === 'list'
      ? listCheck(shape.of.type === 'record' ? recordCheck(shape.of) : scalarCheck((shape as ScalarListType).of))
      : scalarCheck(shape);
  return (v) => (isNone(v) ? (optional ? undefined : 'none, but not optional') : check(v));
}

/** What is wrong with the states of a kind's facts. */
export interface FactProblems {
  /** Not declared by the kind: it is then not of this contract at all. */
  readonly undeclared: readonly string[];
  /** Fact -> what is wrong with its value; values are never shown. */
  readonly invalid: ReadonlyMap<string, string>;
}

const FINE: FactProblems = { undeclared: [], invalid: new Map() };

/** Compiles the validator of a kind's facts. Total on anything. */
export function compileValidator(kind: Kind): (states: FactStates) => FactProblems {
  const checks = new Map(Object.entries(factsOf(kind)).map(([name, spec]) => [name, specCheck(spec)]));
  return (states) => {
    let undeclared: string[] | undefined;
    let invalid: Map<string, string> | undefined;
    for (const name of Object.keys(states)) {
      const check = checks.get(name);
      if (check === undefined) {
        (undeclared ??= []).push(name);
        continue;
      }
      const problem = stateProblem(states[name], check);
      if (problem !== undefined) (invalid ??= new Map()).set(name, problem);
    }
    if (undeclared === undefined && invalid === undefined) return FINE;
    return { undeclared: undeclared ?? [], invalid: invalid ?? new Map() };
  };
}

function stateProblem(state: unknown, check: Check): string | undefined {
  if (!isObject(state)) return 'not the state of a fact';
  switch (state.state) {
    case 'unknown':
      return undefined;
    case 'known':
    case 'default':
    case 'assumed':
      return check(state.value);
    default:
      return 'not the state of a fact';
  }
}
