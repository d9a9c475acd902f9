/**
 * Organisation policies that decide what a bucket may do. They are set on projects, folders and organisations; the
 * nearest one that says anything about a constraint wins (boolean constraints are not merged).
 * https://cloud.google.com/resource-manager/docs/organization-policy/understanding-hierarchy (read 2026-11-25)
 */
import type { State } from '../../model/fact.ts';
import { isObject, pointerSegment } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { defineMapping, type Mapping, type Parts } from '../mapping.ts';
import { derive, type Reader, type Reading, unknown } from '../reader.ts';
import { levels, levelsAbove } from './hierarchy.ts';

/** The constraints that are read, by the reading that holds them. */
const CONSTRAINTS = {
  public_access_prevention: 'storage.publicAccessPrevention',
  secure_http_transport: 'storage.secureHttpTransport',
} as const;
export type Constraint = keyof typeof CONSTRAINTS;

type Fields = { readonly [key: string]: Body };
const first = (value: Body | undefined): Body | undefined =>
  Array.isArray(value) ? (value as readonly Body[])[0] : value;

/** Neither constraint is enforced unless a policy says so. */
const NOT_ENFORCED = (constraint: string): Reading<boolean> => ({
  state: 'default',
  value: false,
  because: `https://cloud.google.com/storage/docs/org-policy-constraints#${constraint}`,
  on: '2026-11-25',
});

const asBool = (value: Body | undefined): boolean | undefined => {
  const said = typeof value === 'string' ? value.toLowerCase() : value;
  return said === true || said === 'true' ? true : said === false || said === 'false' ? false : undefined;
};

/** A policy of the first API: `{constraint, booleanPolicy: {enforced}}` or `{constraint, restoreDefault}`. */
function enforcedV1(policy: Fields, constraint: string, at: string): Reading<boolean> | undefined {
  if (policy.constraint !== `constraints/${constraint}` && policy.constraint !== constraint) return undefined;
  for (const key of ['booleanPolicy', 'boolean_policy']) {
    const bool = policy[key];
    if (!isObject(bool)) continue;
    const enforced = bool.enforced;
    if (enforced === undefined) return NOT_ENFORCED(constraint);
    const value = asBool(enforced);
    return value === undefined
      ? unknown('invalid', `${at}/${key}/enforced`)
      : { state: 'known', value, at: `${at}/${key}/enforced` };
  }
  return NOT_ENFORCED(constraint);
}

/** A policy of the second API: `{name: 'projects/p/policies/<constraint>', spec: {rules: [{enforce}], reset}}`. */
function enforcedV2(policy: Fields, constraint: string, at: string): Reading<boolean> | undefined {
  if (typeof policy.name !== 'string' || !policy.name.endsWith(`/policies/${constraint}`)) return undefined;
  if (policy.spec instanceof Unresolved) return unknown('unresolved', `${at}/spec`, policy.spec.detail);
  const spec = first(policy.spec);
  const place = Array.isArray(policy.spec) ? `${at}/spec/0` : `${at}/spec`;
  // A policy in dry-run mode is only observed: what is set above holds on.
  // https://docs.cloud.google.com/organization-policy/test-policies (read 2026-11-25)
  if (!isObject(spec)) return undefined;
  const rules = spec.rules;
  if (rules instanceof Unresolved) return unknown('unresolved', `${place}/rules`, rules.detail);
  if (!Array.isArray(rules) || rules.length === 0) return NOT_ENFORCED(constraint);
  if (rules.length > 1) return unknown('unresolved', `${place}/rules`, 'the rules depend on conditions');
  const rule = rules[0] as Body;
  if (rule instanceof Unresolved) return unknown('unresolved', `${place}/rules/0`, rule.detail);
  if (!isObject(rule)) return unknown('invalid', `${place}/rules/0`);
  const { condition, enforce } = rule;
  if (first(condition) !== undefined && first(condition) !== null) {
    return unknown('unresolved', `${place}/rules/0/condition`, 'the rule has a condition');
  }
  if (enforce instanceof Unresolved) return unknown('unresolved', `${place}/rules/0/enforce`, enforce.detail);
  if (enforce === undefined || enforce === null) return NOT_ENFORCED(constraint);
  const value = asBool(enforce);
  return value === undefined
    ? unknown('invalid', `${place}/rules/0/enforce`)
    : { state: 'known', value, at: `${place}/rules/0/enforce` };
}

/** Whether the constraint is enforced by what is set here; undefined where nothing is set, so that it is inherited. */
const enforced = (constraint: string): Reader<boolean> =>
  derive((native) => {
    const { body } = native;
    if (body instanceof Unresolved) return unknown('unresolved', native.pointer, body.detail);
    const policies = Array.isArray(body) ? (body as readonly Body[]) : [body];
    for (const [i, policy] of policies.entries()) {
      if (!isObject(policy)) return unknown('invalid', native.pointer, 'a policy is an object');
      const at = Array.isArray(body) ? `${native.pointer}/${pointerSegment(i)}` : native.pointer;
      const found = enforcedV1(policy, constraint, at) ?? enforcedV2(policy, constraint, at);
      if (found !== undefined) return found;
    }
    return undefined;
  });

const columns = (constraint: Constraint) => ({
  'gcp.cai': enforced(CONSTRAINTS[constraint]),
  terraform: enforced(CONSTRAINTS[constraint]),
});

/** The organisation policies set on one project, folder or organisation; in a plan, one policy. */
export const orgPolicy: Mapping = defineMapping('gcp/org-policy', {
  cloud: 'gcp',
  kind: null,
  title: 'Organisation policies of a project, folder or organisation',
  parts: {
    policies: {
      native: {
        'gcp.cai': [
          'cloudresourcemanager.googleapis.com/Project#orgpolicy',
          'cloudresourcemanager.googleapis.com/Folder#orgpolicy',
          'cloudresourcemanager.googleapis.com/Organization#orgpolicy',
        ],
        terraform: 'google_org_policy_policy',
      },
      readings: {
        public_access_prevention: columns('public_access_prevention'),
        secure_http_transport: columns('secure_http_transport'),
      },
    },
  },
  facts: {},
});

/** The dependencies of a resource on the organisation policies above it. */
export const orgPolicyDependencies: NonNullable<Mapping['dependsOn']> = {
  // A plan that sets a policy of the very project: its name is made of the project and the constraint.
  ...Object.fromEntries(
    Object.entries(CONSTRAINTS).map(([reading, constraint]) => [
      `planned_${reading}`,
      {
        mapping: 'gcp/org-policy',
        on: (native: NativeResource) =>
          native.dialect === 'terraform' && native.account !== undefined
            ? { name: `projects/${native.account}/policies/${constraint}` }
            : undefined,
      },
    ]),
  ),
  ...levelsAbove('gcp/org-policy'),
};

/**
 * Whether a constraint is enforced on a resource. An organisation policy never seen is assumed not to help; one that is
 * seen to enforce helps only if no nearer level could have said otherwise.
 */
export function effectiveConstraint(parts: Parts, constraint: Constraint): State<boolean> {
  const planned = { name: `planned_${constraint}`, parts: parts.dependency(`planned_${constraint}`) };
  let unseen = false;
  for (const level of [...(planned.parts === undefined ? [] : [planned]), ...levels(parts)]) {
    if (level.parts === undefined) {
      unseen = true;
      continue;
    }
    const here = level.parts.get<boolean>(constraint);
    if (here === undefined) continue;
    if (here.state === 'unknown') return { ...here, part: level.name };
    if (!unseen) return here.state === 'known' ? { ...here, part: level.name } : here;
    if (!here.value) break;
    return {
      state: 'unknown',
      why: 'not_collected',
      detail: 'enforced above, but a nearer project or folder, whose policies were not seen, may say otherwise',
    };
  }
  return {
    state: 'assumed',
    value: false,
    because: `no organisation policy ${CONSTRAINTS[constraint]} was seen: https://cloud.google.com/storage/docs/org-policy-constraints`,
  };
}
