/** Why a gate stops a policy, in words: for a person. A machine is given the counterexample itself. */
import { valueText } from '../../shared/authoring/resources.ts';
import type { GateName, GateResult } from '../../shared/authoring/verify.ts';
import { isObject } from '../../shared/model/json.ts';

/** What was found, where it is an object. */
interface Found {
  readonly [key: string]: unknown;
}
interface GateWords {
  /** What it means that the gate stops it. */
  readonly stops: string;
  /** What was found, in words; undefined: as it is. */
  readonly told?: (found: Found) => string;
}

const text = (v: unknown): string =>
  typeof v === 'string' ? v.replaceAll('_', ' ') : v === undefined ? 'nothing' : JSON.stringify(v);
const quoted = (v: unknown): string => (typeof v === 'string' ? `"${v.trim()}"` : 'nothing');
/** A resource in words: the facts of one, of the input of a policy, or of states of facts. */
export function resourceText(of: unknown): string {
  const facts = isObject(of) ? (isObject(of['facts']) ? of['facts'] : of) : {};
  const parts = Object.entries(facts).map(([fact, v]) => {
    const value = isObject(v) && 'state' in v ? ('value' in v ? v['value'] : 'unknown') : v;
    return `${fact.replaceAll('_', ' ')}: ${value === null ? 'null' : valueText(value)}`;
  });
  return parts.length === 0 ? 'a resource of which nothing is known' : `a resource with ${parts.join(', ')}`;
}

/** The gates, in their order. */
export const GATE_WORDS: { readonly [gate in GateName]: GateWords } = {
  types: { stops: 'it cannot be read as a policy' },
  identity: {
    stops: 'its Rego says that it was generated, and was edited',
    told: ({ line, is, generated }) => `line ${text(line)} is ${quoted(is)}, and generated is ${quoted(generated)}`,
  },
  english: {
    stops: 'its English, read again, is not the policy',
    told: ({ again, on }) =>
      isObject(on) ? `${resourceText(on['input'])} is judged otherwise` : `read again it says ${text(again)}`,
  },
  intent: { stops: 'it does not say what its sentence says' },
  format: { stops: 'its Rego is not formatted' },
  check: { stops: 'OPA refuses its Rego' },
  reads: { stops: 'its Rego reads what it does not declare' },
  capabilities: { stops: 'its Rego does what Rego here may not' },
  lint: { stops: 'its Rego is not clean' },
  compile: { stops: 'its Rego gives no module that could be run' },
  vacuity: { stops: 'it asks for nothing, or something in it decides nothing' },
  relations: {
    stops: 'it does not go with another active policy',
    told: ({ is, of, with: other, on }) =>
      is === 'duplicate'
        ? `it means the same as ${text(of)}: change that one (edict author edit), or keep it alone`
        : `it contradicts ${text(other)}: of ${resourceText(isObject(on) ? on['input'] : on)}, what one asks for violates the other`,
  },
  examples: {
    stops: 'its examples do not show what it says',
    told: ({ file, resource: of, expected, got }) =>
      `${String(file)}: ${String(of)} is to be ${text(expected)}, and is judged ${text(got)}`,
  },
  mutation: {
    stops: 'a mistake in it would not be seen in its examples',
    told: ({ killed, of, survivors }) =>
      `${text(killed)} of ${text(of)} planted mistakes are seen; not: ${(Array.isArray(survivors) ? survivors : [])
        .map((s: unknown) => (isObject(s) ? `${text(s['what'])} (${text(s['where'])})` : text(s)))
        .join(', ')}`,
  },
  metamorphic: {
    stops: 'it judges by what does not matter',
    told: ({ says, document, facts, input, changed, before, expected, after, got }) =>
      document === undefined
        ? `${text(says)}; ${resourceText(input)}: ${text(before)}; as ${resourceText(changed)}: ${text(after)}`
        : `${text(says)}; ${resourceText(facts)}: ${text(expected)}; as ${text(document)}: ${text(got)}`,
  },
  proof: {
    stops: 'its Rego does not say what its clauses say',
    told: ({ input, expected, difference }) =>
      `of ${resourceText(input)} the clauses say ${text(expected)}; ${text(difference)}`,
  },
  'plain-opa': {
    stops: 'plain OPA does not say what the module that ships says',
    told: ({ input }) => `of ${resourceText(input)} they differ`,
  },
};

/** Why the gate stops it: what that means, and what was found. */
export function gateText({ name, counterexample: found }: Pick<GateResult, 'name' | 'counterexample'>): string {
  const { stops, told } = GATE_WORDS[name];
  const said = isObject(found) && told !== undefined ? told(found) : typeof found === 'string' ? found : text(found);
  return `${stops}: ${said}`;
}
