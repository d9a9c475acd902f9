/**
 * What IAM bindings and access control lists of Cloud Storage give to callers who were not given access by name.
 * Roles: https://cloud.google.com/storage/docs/access-control/iam-roles, lists: …/access-control/lists (read 2026-11-25).
 */
import { isObject } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { derive, look, type Read, type Reader, type Reading, unknown } from '../reader.ts';

/** What a grant lets its holder do: read or list objects; write, delete or re-permission objects or the bucket. */
export type Verb = 'read' | 'write';

/** Anyone, anyone with any Google account, and the newer spelling of anyone. */
const PUBLIC_MEMBERS: ReadonlySet<string> = new Set([
  'allusers',
  'allauthenticatedusers',
  'principalset://goog/public:all',
]);

type Powers = { readonly [V in Verb]: boolean };
const READS: Powers = { read: true, write: false };
const WRITES: Powers = { read: false, write: true };
const BOTH: Powers = { read: true, write: true };
const NEITHER: Powers = { read: false, write: false };

/** The predefined roles that can be granted on a bucket or a managed folder. A role that is not here (a custom one) is unknown. */
const ROLES: { readonly [role: string]: Powers } = {
  'roles/storage.objectviewer': READS,
  'roles/storage.legacyobjectreader': READS,
  'roles/storage.legacybucketreader': READS, // lists objects and reads the bucket's metadata
  'roles/storage.objectcreator': WRITES,
  'roles/storage.objectuser': BOTH,
  'roles/storage.objectadmin': BOTH,
  'roles/storage.folderadmin': BOTH,
  'roles/storage.admin': BOTH,
  'roles/storage.legacybucketwriter': BOTH,
  'roles/storage.legacybucketowner': BOTH,
  'roles/storage.legacyobjectowner': BOTH, // reads, and changes who may
  'roles/storage.bucketviewer': NEITHER, // the bucket's metadata only
};

/** The concentric permissions of an access control list, on a bucket and on an object. */
const ACL_ROLES: { readonly [on in 'bucket' | 'object']: { readonly [role: string]: Powers } } = {
  bucket: { READER: READS, WRITER: BOTH, OWNER: BOTH },
  object: { READER: READS, OWNER: BOTH },
};

/** Predefined lists: who beyond the project gets what. Applies to buckets and, where the name exists, to objects. */
const PREDEFINED_ACLS: { readonly [name: string]: Powers } = {
  private: NEITHER,
  projectprivate: NEITHER,
  bucketownerread: NEITHER,
  bucketownerfullcontrol: NEITHER,
  authenticatedread: READS,
  publicread: READS,
  publicreadwrite: BOTH,
};

/** What a table says of a name; nothing of names that every object has (`constructor`). */
const named = (table: { readonly [name: string]: Powers }, name: string): Powers | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const known = (value: boolean, at: string, native?: string): Reading<boolean> => ({
  state: 'known',
  value,
  at,
  ...(native === undefined ? {} : { native }),
});
const isPublic = (member: Body): member is string =>
  typeof member === 'string' && PUBLIC_MEMBERS.has(member.trim().toLowerCase());

/** The first reading that settles an "any of": a public grant, else one that cannot be read; undefined if all are clear. */
function firstOf(readings: readonly Reading<boolean>[]): Reading<boolean> | undefined {
  return readings.find((r) => r.state !== 'unknown' && r.value) ?? readings.find((r) => r.state === 'unknown');
}

/** What one IAM binding gives the public. `at` names the binding. */
function bindingGrant(binding: Body, verb: Verb, at: string): Reading<boolean> {
  if (!isObject(binding)) return unknown('invalid', at, 'a binding is an object');
  const { role, members, condition } = binding;
  if (members instanceof Unresolved) return unknown('unresolved', `${at}/members`, members.detail);
  if (!Array.isArray(members)) return unknown('invalid', at, 'a binding has members');
  const list = members as readonly Body[];
  const open = list.find((m) => m instanceof Unresolved);
  if (!list.some(isPublic)) {
    return open instanceof Unresolved ? unknown('unresolved', `${at}/members`, open.detail) : known(false, at);
  }
  if (role instanceof Unresolved) return unknown('unresolved', `${at}/role`, role.detail);
  if (typeof role !== 'string') return unknown('invalid', at, 'a binding has a role');
  const powers = named(ROLES, role.toLowerCase());
  if (powers === undefined) return unknown('not_collected', `${at}/role`, `what ${role} permits was not seen`);
  if (!powers[verb]) return known(false, at);
  if (isObject(condition) || condition instanceof Unresolved) {
    // A condition may narrow when and what, not who; whether it ever holds is not decidable from the policy.
    return unknown('unresolved', `${at}/condition`, 'the public grant has a condition');
  }
  return known(true, `${at}/members`, `${role} to ${list.filter(isPublic).join(', ')}`);
}

/** What a list of bindings gives the public. An empty list is left out of the API's answers. */
function bindingsGrant(bindings: Body | undefined, verb: Verb, at: string): Reading<boolean> {
  if (bindings instanceof Unresolved) return unknown('unresolved', at, bindings.detail);
  if (bindings === undefined || bindings === null) {
    return {
      state: 'default',
      value: false,
      because: 'https://cloud.google.com/iam/docs/reference/rest/v1/Policy',
      on: '2026-11-25',
    };
  }
  if (!Array.isArray(bindings)) return unknown('invalid', at, 'bindings are a list');
  return firstOf(bindings.map((b, i) => bindingGrant(b as Body, verb, `${at}/${i}`))) ?? known(false, at);
}

/** An IAM policy whose bindings lie at the pointer. */
export const policyGrant = (verb: Verb, pointer = '/bindings'): Reader<boolean> =>
  derive((native) => {
    const found = look(native, pointer);
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    if (!isObject(native.body)) return unknown('invalid', native.pointer, 'a policy is an object');
    return bindingsGrant(found.is === 'value' ? found.value : undefined, verb, found.at);
  });

/** An IAM policy as a JSON string (Terraform's `policy_data`). */
export const policyDataGrant = (verb: Verb): Reader<boolean> =>
  derive((native) => {
    const found = look(native, '/policy_data');
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    if (found.is !== 'value' || typeof found.value !== 'string') return unknown('invalid', found.at);
    try {
      const policy: unknown = JSON.parse(found.value);
      if (!isObject(policy)) return unknown('invalid', found.at, 'not a policy');
      const grant = bindingsGrant(policy.bindings as Body | undefined, verb, found.at);
      return grant.state === 'known' || grant.state === 'unknown' ? { ...grant, at: found.at } : grant;
    } catch {
      return unknown('invalid', found.at, 'not JSON');
    }
  });

/** One resource that is a binding: `role` with `members` or one `member`, and perhaps a `condition` block (Terraform). */
export const oneBindingGrant = (verb: Verb): Reader<boolean> =>
  derive((native) => {
    if (!isObject(native.body)) return unknown('invalid', native.pointer);
    const { role, members, member, condition } = native.body;
    const who = members ?? (member === undefined || member === null ? null : [member]);
    const blocks = Array.isArray(condition) ? ((condition[0] as Body | undefined) ?? null) : (condition ?? null);
    const grant = bindingGrant({ role: role ?? null, members: who, condition: blocks }, verb, native.pointer);
    if (members !== undefined && members !== null) return grant;
    return grant.state === 'known' && grant.value ? { ...grant, at: `${native.pointer}/member` } : grant;
  });

/** What one entry of an access control list gives the public. */
function aclEntryGrant(entry: Body, on: 'bucket' | 'object', verb: Verb, at: string): Reading<boolean> {
  if (entry instanceof Unresolved) return unknown('unresolved', at, entry.detail);
  let [role, entity]: readonly (Body | undefined)[] = [];
  if (typeof entry === 'string') [role, entity] = entry.split(/:(.*)/s);
  else if (isObject(entry)) ({ role, entity } = entry);
  if (entity instanceof Unresolved) return unknown('unresolved', at, entity.detail);
  if (role instanceof Unresolved) return unknown('unresolved', at, role.detail);
  if (typeof entity !== 'string' || typeof role !== 'string') return unknown('invalid', at);
  if (!isPublic(entity)) return known(false, at);
  const powers = named(ACL_ROLES[on], role.toUpperCase());
  return powers === undefined
    ? unknown('invalid', at, `no such permission: ${role}`)
    : known(powers[verb], at, `${role} to ${entity}`);
}

/** A list of entries: `{entity, role}` objects, or Terraform's `ROLE:entity` strings. Undefined where there is none. */
export const aclGrant = (verb: Verb, on: 'bucket' | 'object', pointer: string): Reader<boolean> =>
  derive((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent') return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    if (!Array.isArray(found.value)) return unknown('invalid', found.at);
    const grants = found.value.map((e, i) => aclEntryGrant(e as Body, on, verb, `${found.at}/${i}`));
    return firstOf(grants) ?? known(false, found.at);
  });

/** One resource that is an entry (Terraform's `…_access_control`). */
export const aclEntryResourceGrant = (verb: Verb, on: 'bucket' | 'object'): Reader<boolean> =>
  derive((native) => aclEntryGrant(native.body, on, verb, native.pointer));

/** A predefined list by name (`publicRead`). Undefined where none is named. */
export const predefinedAclGrant = (verb: Verb, pointer: string): Reader<boolean> =>
  derive((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'value' && found.value === '')) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    if (typeof found.value !== 'string') return unknown('invalid', found.at);
    const powers = named(PREDEFINED_ACLS, found.value.toLowerCase());
    return powers === undefined ? unknown('invalid', found.at) : known(powers[verb], found.at, found.value);
  });

/** Several places of one document that may hold a grant: any of them counts. Undefined where none is present. */
export const anyGrant = (...reads: readonly Read<boolean>[]): Reader<boolean> =>
  derive((native: NativeResource) => {
    const readings = reads.map((read) => read(native)).filter((r) => r !== undefined);
    return firstOf(readings) ?? readings[0];
  });
