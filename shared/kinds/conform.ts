import {
  type FactSpec,
  type FactState,
  type FieldSpec,
  LIST_CAP,
  type RecordType,
  type ScalarType,
} from '../model/fact.ts';
import { isObject } from '../model/json.ts';

/** Hex digits of a fixed-width address bound. */
const WIDTH = { ipv4: 8, ipv6: 32 } as const;

const isNone = (value: unknown): boolean => isObject(value) && value.none === true && Object.keys(value).length === 1;

/** What is wrong with a scalar value, or undefined if it is of the type. */
export function scalarProblem(type: ScalarType, value: unknown): string | undefined {
  switch (type.type) {
    case 'bool':
      return typeof value === 'boolean' ? undefined : 'not a boolean';
    case 'enum':
      return typeof value === 'string' && type.values.includes(value)
        ? undefined
        : `not one of ${type.values.join(', ')}`;
    case 'string':
      // A lone surrogate has no UTF-8: it could neither be stored nor judged.
      if (typeof value !== 'string') return 'not a string';
      return value.isWellFormed() ? undefined : 'not well-formed Unicode';
    case 'int':
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return 'not an integer';
      if (type.min !== undefined && value < type.min) return `below ${type.min}`;
      return type.max !== undefined && value > type.max ? `above ${type.max}` : undefined;
    case 'timestamp':
      return typeof value === 'number' && Number.isSafeInteger(value) ? undefined : 'not epoch seconds';
    case 'range': {
      if (!isObject(value)) return 'not a range';
      const { from, to } = value;
      if (
        typeof from !== 'number' ||
        typeof to !== 'number' ||
        !Number.isSafeInteger(from) ||
        !Number.isSafeInteger(to)
      )
        return 'not a range';
      if (Object.keys(value).length !== 2) return 'not a range';
      if (from > to) return 'an inverted range';
      return from < type.min || to > type.max ? `outside ${type.min}-${type.max}` : undefined;
    }
    case 'ip_range': {
      if (!isObject(value) || Object.keys(value).length !== 3) return 'not an ip range';
      const { family, first, last } = value;
      if (family !== 'ipv4' && family !== 'ipv6') return 'not an ip range';
      const hex = new RegExp(`^[0-9a-f]{${WIDTH[family]}}$`);
      if (typeof first !== 'string' || typeof last !== 'string' || !hex.test(first) || !hex.test(last))
        return 'not an ip range';
      return first > last ? 'an inverted range' : undefined;
    }
  }
}

/** What is wrong with a record's field, or undefined. */
function fieldProblem(spec: FieldSpec, value: unknown): string | undefined {
  if (isNone(value)) return spec.optional ? undefined : 'none, but not optional';
  if (spec.shape.type !== 'list') return scalarProblem(spec.shape, value);
  const of = spec.shape.of;
  if (!Array.isArray(value)) return 'not a list';
  for (const v of value) {
    const problem = scalarProblem(of, v);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function recordProblem(type: RecordType, value: unknown): string | undefined {
  if (!isObject(value)) return 'not a record';
  for (const [field, v] of Object.entries(value)) {
    if (v === undefined) continue;
    const spec = Object.hasOwn(type.fields, field) ? type.fields[field] : undefined;
    if (spec === undefined) return `has an undeclared field ${field}`;
    const problem = fieldProblem(spec, v);
    if (problem !== undefined) return `${field}: ${problem}`;
  }
  return undefined;
}

/** What is wrong with a value of a fact, or undefined if it is what the kind declares. */
export function valueProblem(spec: FactSpec, value: unknown): string | undefined {
  if (isNone(value)) return spec.optional ? undefined : 'none, but not optional';
  const { shape } = spec;
  if (shape.type !== 'list') return scalarProblem(shape, value);
  if (!Array.isArray(value)) return 'not a list';
  for (const [i, v] of value.entries()) {
    const problem = shape.of.type === 'record' ? recordProblem(shape.of, v) : scalarProblem(shape.of, v);
    if (problem !== undefined) return `item ${i}: ${problem}`;
  }
  return undefined;
}

/**
 * Makes a state conform to its declaration: folds case, caps lists (a cut list is no longer closed), and turns a value
 * that is not of the declared type into unknown `invalid`: such a value never reaches a policy.
 */
export function conform(spec: FactSpec, state: FactState): FactState {
  if (state.state === 'unknown') return state;
  let { value } = state;
  const { shape } = spec;
  if (shape.type === 'string' && shape.fold && typeof value === 'string') value = value.toLowerCase();
  const problem = valueProblem(spec, value);
  if (problem !== undefined) {
    return { state: 'unknown', why: 'invalid', ...(state.state === 'known' ? { at: state.at } : {}), detail: problem };
  }
  if (shape.type !== 'list' || !Array.isArray(value)) return value === state.value ? state : { ...state, value };
  const closed = state.closed ?? false;
  if (value.length <= LIST_CAP) return { ...state, value, closed };
  return { ...state, value: value.slice(0, LIST_CAP), closed: false };
}
