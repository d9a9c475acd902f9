/**
 * Cloud Storage bucket, with its IAM policy, its access control lists (in plans) and the organisation policies above it.
 *
 * What is not seen and would matter:
 * - Object access control lists are in no feed, export or plan. They have no effect with uniform bucket-level access;
 *   without it nobody can say that no object is public, so it is never known to be closed unless public access
 *   prevention is enforced.
 * - IAM policies of managed folders are in no feed; a plan that sets them is read.
 */
import { objectStore } from '../../kinds/object-store.ts';
import type { FactState, State } from '../../model/fact.ts';
import type { NativeResource } from '../../model/native.ts';
import { defineMapping, type FactFrom, is, type Mapping, type OwnerRef, type Part, type Parts } from '../mapping.ts';
import { at, derive, look, type Reader, type Reading, unknown } from '../reader.ts';
import { terraformOwner } from '../dialects/terraform.ts';
import { customerKey } from './kms-key.ts';
import { effectiveConstraint, orgPolicyDependencies } from './org-policy.ts';
import {
  aclEntryResourceGrant,
  aclGrant,
  anyGrant,
  oneBindingGrant,
  policyDataGrant,
  policyGrant,
  predefinedAclGrant,
  type Verb,
} from './public-grants.ts';

const BUCKET_REFERENCE = 'https://cloud.google.com/storage/docs/json_api/v1/buckets#resource';
const unsetIn = (url: string) => ({ because: url, on: '2026-11-25' }) as const;

/** How a plan's satellite names its bucket: by reference, `bucket = "name"`, or `"b/name"`. */
function planOwner(native: NativeResource): OwnerRef | undefined {
  const owner = terraformOwner(native, '/bucket');
  return owner !== undefined && 'name' in owner ? { name: owner.name.replace(/^b\//, '') } : owner;
}

/** True where a bucket is named. A reference known only after apply names one; `log_bucket` cannot be empty in its block. */
const named = (pointer: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'value' && found.value === '')) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved' && found.refs.length === 0) return unknown('unresolved', found.at, found.detail);
    return { state: 'known', value: true, at: found.at };
  });

/** The readings of a part that can grant something to the public. */
const grants = (read: (verb: Verb) => Part['readings'][string]): Part['readings'] => ({
  grant_read: read('read'),
  grant_write: read('write'),
});

/** Satellites of a plan that are access control lists: without effect under uniform bucket-level access. */
const ACL_PARTS: { readonly [part: string]: Part } = {
  bucket_acl: {
    native: { terraform: 'google_storage_bucket_acl' },
    owner: planOwner,
    multiple: true,
    readings: grants((verb) => ({
      terraform: anyGrant(
        aclGrant(verb, 'bucket', '/role_entity'),
        predefinedAclGrant(verb, '/predefined_acl'),
        predefinedAclGrant(verb, '/default_acl'),
      ),
    })),
  },
  bucket_access_control: {
    native: { terraform: 'google_storage_bucket_access_control' },
    owner: planOwner,
    multiple: true,
    readings: grants((verb) => ({ terraform: aclEntryResourceGrant(verb, 'bucket') })),
  },
  object_acl: {
    native: { terraform: ['google_storage_default_object_acl', 'google_storage_object_acl'] },
    owner: planOwner,
    multiple: true,
    readings: grants((verb) => ({
      terraform: anyGrant(aclGrant(verb, 'object', '/role_entity'), predefinedAclGrant(verb, '/predefined_acl')),
    })),
  },
  object_access_control: {
    native: {
      terraform: ['google_storage_default_object_access_control', 'google_storage_object_access_control'],
    },
    owner: planOwner,
    multiple: true,
    readings: grants((verb) => ({ terraform: aclEntryResourceGrant(verb, 'object') })),
  },
};

/** Satellites that are IAM. The policy is the whole truth; members and bindings of a plan are only what the plan adds. */
const IAM_PARTS: { readonly [part: string]: Part } = {
  iam: {
    native: { 'gcp.cai': 'storage.googleapis.com/Bucket#iam', terraform: 'google_storage_bucket_iam_policy' },
    owner: (native) => (native.dialect === 'terraform' ? planOwner(native) : { id: native.id }),
    readings: grants((verb) => ({ 'gcp.cai': policyGrant(verb), terraform: policyDataGrant(verb) })),
  },
  iam_binding: {
    native: { terraform: ['google_storage_bucket_iam_binding', 'google_storage_bucket_iam_member'] },
    owner: planOwner,
    multiple: true,
    readings: grants((verb) => ({ terraform: oneBindingGrant(verb) })),
  },
  managed_folder_iam: {
    native: {
      terraform: ['google_storage_managed_folder_iam_binding', 'google_storage_managed_folder_iam_member'],
    },
    owner: planOwner,
    multiple: true,
    readings: grants((verb) => ({ terraform: oneBindingGrant(verb) })),
  },
  managed_folder_iam_policy: {
    native: { terraform: 'google_storage_managed_folder_iam_policy' },
    owner: planOwner,
    multiple: true,
    readings: grants((verb) => ({ terraform: policyDataGrant(verb) })),
  },
};

/** Public access prevention, the bucket's own switch or the organisation's. */
function prevention(parts: Parts): State<boolean> {
  const own = parts.read<string>('prevention');
  if (own.state === 'unknown') return own;
  if (own.value === 'enforced') return { ...own, value: true };
  const inherited = effectiveConstraint(parts, 'public_access_prevention');
  // The pointer to `inherited` is the evidence that goes with what was not seen.
  return inherited.state === 'assumed' && own.state === 'known' ? { ...inherited, at: own.at } : inherited;
}

/** Every reading of that name, of the bucket itself and of its satellites. */
function grantReadings(parts: Parts, verb: Verb, names: readonly string[]): readonly Reading<boolean>[] {
  return names.flatMap((name) =>
    parts.all(name).flatMap((p) => {
      const reading = p.readings[`grant_${verb}`];
      return reading === undefined ? [] : [reading as Reading<boolean>];
    }),
  );
}

/** Whether the public may do something; see the file's head for what is not seen. */
const publicMay =
  (verb: Verb): FactFrom =>
  (parts): FactState => {
    const prevented = prevention(parts);
    if (prevented.state !== 'unknown' && prevented.value) return { ...prevented, value: false };

    const uniform = parts.read<boolean>('uniform');
    const isUniform = uniform.state !== 'unknown' && uniform.value;
    const iam = grantReadings(parts, verb, Object.keys(IAM_PARTS));
    const acl = isUniform ? [] : grantReadings(parts, verb, ['bucket', ...Object.keys(ACL_PARTS)]);
    const granted = [...iam, ...acl].find((g) => g.state !== 'unknown' && g.value);
    if (granted !== undefined) {
      if (prevented.state === 'unknown') return prevented;
      // What is granted is public only as far as nothing prevents it: the weaker of the two is what is known.
      if (prevented.state === 'known' || granted.state !== 'known') return granted;
      return {
        ...prevented,
        value: true,
        at: granted.at,
        ...(granted.part === undefined ? {} : { part: granted.part }),
        ...(granted.native === undefined ? {} : { native: granted.native }),
      };
    }
    const unclear = [...iam, ...acl].find((g) => g.state === 'unknown');
    if (unclear !== undefined) return unclear;
    // A new bucket starts with grants to its project only; of an existing one a plan shows only what it manages.
    if (parts.all('iam').length === 0 && !(parts.creates && parts.complete)) {
      return { state: 'unknown', why: 'not_collected', detail: 'the IAM policy of the bucket was not seen' };
    }
    if (uniform.state === 'unknown') return uniform;
    if (!isUniform) {
      return {
        state: 'unknown',
        why: 'not_collected',
        ...(uniform.state === 'known' ? { at: uniform.at } : {}),
        detail:
          'without uniform bucket-level access objects have access control lists of their own, which are not seen',
      };
    }
    return (
      iam[0] ?? {
        state: 'default',
        value: false,
        ...unsetIn('https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable'),
      }
    );
  };

/** Cloud Storage bucket. */
export const storageBucket: Mapping = defineMapping('gcp/storage-bucket', {
  cloud: 'gcp',
  kind: objectStore,
  title: 'Cloud Storage bucket',
  parts: {
    bucket: {
      native: { 'gcp.cai': 'storage.googleapis.com/Bucket', terraform: 'google_storage_bucket' },
      readings: {
        prevention: {
          'gcp.cai': at('/iamConfiguration/publicAccessPrevention')
            .oneOf({ enforced: 'enforced', inherited: 'inherited', unspecified: 'inherited' })
            .orDefault('inherited', unsetIn('https://cloud.google.com/storage/docs/public-access-prevention')),
          terraform: at('/public_access_prevention')
            .oneOf({ enforced: 'enforced', inherited: 'inherited', unspecified: 'inherited' })
            .orDefault('inherited', unsetIn('https://cloud.google.com/storage/docs/public-access-prevention')),
        },
        uniform: {
          // `bucketPolicyOnly` is the former name; the API keeps both in step.
          'gcp.cai': at(
            '/iamConfiguration/uniformBucketLevelAccess/enabled',
            '/iamConfiguration/bucketPolicyOnly/enabled',
          )
            .bool()
            .orDefault(false, unsetIn(BUCKET_REFERENCE)),
          terraform: at('/uniform_bucket_level_access', '/bucket_policy_only')
            .bool()
            .orDefault(false, unsetIn(BUCKET_REFERENCE)),
        },
        ...grants((verb) => ({
          'gcp.cai': anyGrant(aclGrant(verb, 'bucket', '/acl'), aclGrant(verb, 'object', '/defaultObjectAcl')),
        })),
      },
    },
    ...IAM_PARTS,
    ...ACL_PARTS,
  },
  dependsOn: orgPolicyDependencies,
  facts: {
    public_read: publicMay('read'),
    public_write: publicMay('write'),
    public_access_blocked: prevention,
    encryption: is({
      'gcp.cai': customerKey('/encryption/defaultKmsKeyName').orDefault(
        'provider_key',
        unsetIn('https://cloud.google.com/storage/docs/encryption/default-keys'),
      ),
      terraform: customerKey('/encryption/0/default_kms_key_name').orDefault(
        'provider_key',
        unsetIn('https://cloud.google.com/storage/docs/encryption/default-keys'),
      ),
    }),
    // A bucket has no switch: the XML API answers plain HTTP unless an organisation policy forbids it.
    // https://cloud.google.com/storage/docs/request-endpoints (read 2026-11-25)
    tls_only: (parts) => effectiveConstraint(parts, 'secure_http_transport'),
    versioned: is({
      'gcp.cai': at('/versioning/enabled').bool().orDefault(false, unsetIn(BUCKET_REFERENCE)),
      terraform: at('/versioning/0/enabled').bool().orDefault(false, unsetIn(BUCKET_REFERENCE)),
    }),
    // Usage logs. Data Access audit logs are the project's, not the store's own.
    access_logged: is({
      'gcp.cai': named('/logging/logBucket').orDefault(
        false,
        unsetIn('https://cloud.google.com/storage/docs/access-logs'),
      ),
      terraform: named('/logging/0/log_bucket').orDefault(
        false,
        unsetIn('https://cloud.google.com/storage/docs/access-logs'),
      ),
    }),
  },
});
