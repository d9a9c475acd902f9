/**
 * S3 buckets. Who can reach the objects follows from the bucket's ACL, the ACLs of its objects, its policy, its Object
 * Ownership, and four switches that the bucket and its account have each:
 *
 * | switch                  | what it does                                                                  |
 * | ----------------------- | ----------------------------------------------------------------------------- |
 * | `IgnorePublicAcls`      | public grants of the bucket's and the objects' ACLs have no effect            |
 * | `RestrictPublicBuckets` | a public policy lets in only the account itself and AWS services              |
 * | `BlockPublicAcls`       | no *new* public ACL is accepted; those that exist stay                        |
 * | `BlockPublicPolicy`     | no *new* public policy is accepted; one that exists stays                     |
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html (read 2026-11-25)
 *
 * AWS Config delivers `AccessControlList`, `BucketPolicy`, `BucketVersioningConfiguration` and
 * `BucketLoggingConfiguration` in every item: absent, they were not collected. It delivers
 * `PublicAccessBlockConfiguration` and `ServerSideEncryptionConfiguration` only where they are set: absent, they are not.
 */
import { objectStore } from '../../kinds/object-store.ts';
import type { FactState, State } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { templateOwner } from '../dialects/cloudformation.ts';
import { isGone, terraformOwner } from '../dialects/terraform.ts';
import { type Columns, defineMapping, type OwnerRef, type Parts } from '../mapping.ts';
import { at, derive, look, type Reader, type Reading, unknown } from '../reader.ts';
import { s3AccountBlockId } from './arn.ts';
import { allOf, anyOf, type Flag, valueOf, weakest, withValue } from '../certainty.ts';
import { assumed, doc, stated } from './evidence.ts';
import { readKey } from './kms-key.ts';
import { type Answer, analyseBucketPolicy, NO_POLICY, type PolicyFindings } from './policy-document.ts';
import { providerName } from './s3-account-block.ts';

const NEW_BUCKETS = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html'); // since April 2023
const NO_BLOCK = doc('https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html');
const OMITTED_FLAG = doc('https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html');
const TERRAFORM_BLOCK = doc(
  'https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket_public_access_block',
);
const SSE_S3 = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html'); // all buckets, since January 2023
const KMS_DEFAULT = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html'); // aws/s3
const UNVERSIONED = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html');
const OBJECT_LOCK = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html');
const NOT_LOGGED = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html');
const PRIVATE = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html');
const POLICY = doc('https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html');

const SUPPLEMENT = '/supplementaryConfiguration';

/** In a Config item: an absent key means "not set", provided that the supplementary configuration came with it. */
function setOrDefault<V>(read: Reader<V>, value: V, because: { because: string; on: string }): Reader<V> {
  return derive<V>((native) => {
    const got = read(native);
    if (got !== undefined) return got;
    const supplement = look(native, SUPPLEMENT);
    const delivered =
      supplement.is === 'value' && isObject(supplement.value) && Object.keys(supplement.value).length > 0;
    return delivered ? { state: 'default', value, ...because } : undefined;
  });
}

/** The reading of an attribute, unless the plan deletes the satellite that set it. */
const unlessGone = <V>(satellite: string, attribute: string, read: Reader<V>): Reader<V> =>
  derive<V>((native) => (isGone(native, satellite, attribute) ? undefined : read(native)));

// --- the four switches ----------------------------------------------------------------------------------------------

const SWITCHES = ['block_public_acls', 'ignore_public_acls', 'block_public_policy', 'restrict_public_buckets'] as const;
type Switch = (typeof SWITCHES)[number];

/** A switch of a block that is written: one that is left out is off. */
const inBlock = (block: string, key: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const found = look(native, block);
    if (found.is === 'absent') return undefined;
    return at(`${block}/${key}`).bool().orDefault(false, OMITTED_FLAG)(native);
  });

const ownSwitch = (camel: string): Columns<boolean> => ({
  'aws.config': setOrDefault(inBlock(`${SUPPLEMENT}/PublicAccessBlockConfiguration`, camel), false, NO_BLOCK),
  'aws.cfn': inBlock('/PublicAccessBlockConfiguration', camel.charAt(0).toUpperCase() + camel.slice(1)),
});
const plannedSwitch = (name: Switch): Columns<boolean> => ({
  terraform: at(`/${name}`).bool().orDefault(false, TERRAFORM_BLOCK),
});

/** The bucket's own switch. */
function own(parts: Parts, name: Switch): Flag {
  const got = parts.get<boolean>(name);
  if (got !== undefined) return got;
  if (parts.get('block_gone') !== undefined) return { state: 'default', value: false, ...NO_BLOCK };
  return parts.creates && parts.complete
    ? { state: 'default', value: true, ...NEW_BUCKETS }
    : unknown('not_collected', undefined, 'the public access block of the bucket was not seen');
}

/** The account's switch; undefined if it was never seen. */
function accounts(parts: Parts, name: Switch): Flag | undefined {
  const account = parts.dependency('account');
  if (account === undefined) return undefined;
  const got = account.get<boolean>(name);
  if (got !== undefined) return got.state === 'known' ? { ...got, part: 'account' } : got;
  return account.seen('block') ? { state: 'default', value: false, ...NO_BLOCK } : undefined;
}

/** The more restrictive of the bucket's and the account's switch. */
function effective(parts: Parts, name: Switch): Flag {
  const bucket = own(parts, name);
  if (valueOf(bucket) === true) return bucket;
  const account = accounts(parts, name);
  if (valueOf(account) === true) return account as Flag;
  if (bucket.state === 'unknown') return bucket;
  if (account === undefined) {
    return assumed(false, `the account's S3 public access block was never seen: ${name} is taken as off`);
  }
  // Off needs both to be off.
  return weakest([bucket, account]) ?? bucket;
}

// --- ACLs -----------------------------------------------------------------------------------------------------------

/** What an ACL lets everyone do. */
type Grants = { readonly read: Answer; readonly write: Answer };

const CANNED: { readonly [acl: string]: Grants } = {
  private: { read: 'no', write: 'no' },
  publicread: { read: 'yes', write: 'no' },
  publicreadwrite: { read: 'yes', write: 'yes' },
  authenticatedread: { read: 'yes', write: 'no' }, // any AWS account
  awsexecread: { read: 'no', write: 'no' },
  bucketownerread: { read: 'no', write: 'no' },
  bucketownerfullcontrol: { read: 'no', write: 'no' },
  logdeliverywrite: { read: 'no', write: 'no' },
};
const canned = (pointer: string): Reader<Grants> =>
  at(pointer)
    .string()
    .map((acl) => CANNED[acl.replaceAll('-', '').toLowerCase()]);

const PERMISSIONS: { readonly [permission: string]: Grants } = {
  read: { read: 'yes', write: 'no' },
  write: { read: 'no', write: 'yes' },
  readacp: { read: 'no', write: 'no' },
  writeacp: { read: 'no', write: 'yes' },
  fullcontrol: { read: 'yes', write: 'yes' },
};
const NOBODY: Grants = { read: 'no', write: 'no' };
const OPEN: Grants = { read: 'unknown', write: 'unknown' };

const either = (a: Answer, b: Answer): Answer =>
  a === 'yes' || b === 'yes' ? 'yes' : a === 'unknown' || b === 'unknown' ? 'unknown' : 'no';
const union = (grants: readonly Grants[]): Grants => ({
  read: grants.map((g) => g.read).reduce(either, 'no'),
  write: grants.map((g) => g.write).reduce(either, 'no'),
});

type Fields = { readonly [key: string]: Body };
const fields = (value: Body | undefined): Fields => (isObject(value) ? value : {});
const items = (value: Body | undefined): readonly Body[] | undefined =>
  Array.isArray(value) ? (value as readonly Body[]) : undefined;

/** A grantee is everyone: `AllUsers`, `AuthenticatedUsers`, by name or by URI. */
function isEveryone(grantee: Body | undefined): Answer {
  if (grantee instanceof Unresolved) return grantee.unset ? 'no' : 'unknown';
  if (typeof grantee === 'string') return /(?:^|\/)(?:AllUsers|AuthenticatedUsers)$/i.test(grantee) ? 'yes' : 'no';
  if (grantee === null || grantee === undefined) return 'no';
  const { uri, URI, identifier } = fields(grantee);
  return [uri, URI, identifier].map(isEveryone).reduce(either, 'no');
}

/** One grant: a grantee and one permission or several. */
function grant(grantee: Body | undefined, permissions: Body | undefined): Grants {
  const everyone = isEveryone(grantee);
  if (everyone === 'no') return NOBODY;
  const list = items(permissions) ?? [permissions ?? null];
  const given = union(
    list.map((p) => (typeof p === 'string' ? (PERMISSIONS[p.replaceAll('_', '').toLowerCase()] ?? OPEN) : OPEN)),
  );
  return everyone === 'yes'
    ? given
    : { read: given.read === 'no' ? 'no' : 'unknown', write: given.write === 'no' ? 'no' : 'unknown' };
}

/** A list of grants at a place; `parse` takes one of them apart. */
const grantList = (pointer: string, parse: (item: Fields) => Grants): Reader<Grants> =>
  derive<Grants>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent') return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    const list = items(found.value);
    if (list === undefined) return unknown('invalid', found.at, 'expected a list of grants');
    const grants = list.map((item) => (item instanceof Unresolved ? OPEN : parse(fields(item))));
    return { state: 'known', value: union(grants), at: found.at };
  });

const acl: Columns<Grants> = {
  'aws.config': derive<Grants>((native) => {
    const parse = (g: Fields): Grants => grant(g.grantee, g.permission);
    const pointer = `${SUPPLEMENT}/AccessControlList`;
    const lists = ['grantList', 'grantSet'].flatMap((key) => grantList(`${pointer}/${key}`, parse)(native) ?? []);
    return lists.find((l) => l.state === 'unknown' || l.value.read !== 'no' || l.value.write !== 'no') ?? lists[0];
  }),
  'aws.cfn': canned('/AccessControl'),
};
const plannedAcl: Columns<Grants> = {
  terraform: canned('/acl').or(
    grantList('/access_control_policy/0/grant', (g) => grant(items(g.grantee)?.[0], g.permission)),
  ),
};
const inlineAcl: Columns<Grants> = {
  // `grant` conflicts with `acl` in the configuration; read back, both tell the same.
  terraform: derive<Grants>((native) => {
    const grants = grantList('/grant', (g) => grant(fields(g).uri, g.permissions))(native);
    const named = canned('/acl')(native);
    if (grants === undefined || named === undefined) return grants ?? named;
    if (grants.state === 'unknown' || named.state === 'unknown') return grants.state === 'unknown' ? grants : named;
    return { ...grants, value: union([grants.value, named.value]) };
  }),
};

const ownership: Columns<string> = {
  'aws.config': at(`${SUPPLEMENT}/OwnershipControls/rules/0/objectOwnership`).string(),
  'aws.cfn': at('/OwnershipControls/Rules/0/ObjectOwnership').string(),
};

// --- public access --------------------------------------------------------------------------------------------------

type Way = 'read' | 'write';

const say = (value: boolean, like: State<unknown>): Flag => withValue(like, value);

/** A public grant takes effect unless a switch neutralises it; how sure that is follows from the switch. */
function unlessStopped(grants: State<unknown>, stop: Flag): Flag {
  if (stop.state === 'unknown') return stop;
  if (stop.value) return say(false, stop);
  if (stop.state !== 'assumed') return say(true, grants);
  // The grant is what is seen of it: the evidence points there.
  const { at: where, part } = grants.state === 'known' ? grants : {};
  return {
    ...assumed(true, stop.because),
    ...(where === undefined ? {} : { at: where }),
    ...(part === undefined ? {} : { part }),
  };
}

/** Whether the ACLs of the bucket and its objects let everyone in. */
function byAcl(parts: Parts, way: Way): Flag {
  const ignore = effective(parts, 'ignore_public_acls');
  if (valueOf(ignore) === true) return say(false, ignore);
  const owner = parts.get<string>('ownership');
  if (owner !== undefined && owner.state !== 'unknown' && owner.value === 'BucketOwnerEnforced')
    return say(false, owner);
  const created = parts.creates && parts.complete;
  const grants: State<Grants> | undefined =
    parts.get<Grants>('acl') ??
    parts.get<Grants>('inline_acl') ??
    (parts.complete ? { state: 'default', value: NOBODY, ...PRIVATE } : undefined);
  if (grants === undefined) return unknown('not_collected', undefined, 'the ACL was not seen');
  if (grants.state === 'unknown') return grants;
  switch (grants.value[way]) {
    case 'unknown':
      return unknown('unresolved', grants.state === 'known' ? grants.at : undefined, 'a grant is not known');
    case 'yes': {
      const open = unlessStopped(grants, ignore);
      if (owner === undefined && created && valueOf(open) === true) {
        // Ownership is not written, so S3 would refuse the ACL. It asks for public access all the same.
        return assumed(true, 'the ACL is public, and ACLs are taken as enabled although new buckets disable them');
      }
      // A public ACL on a bucket that exists is proof that ACLs are enabled.
      return owner?.state === 'unknown' && created ? owner : open;
    }
    case 'no':
      if (owner === undefined && created) return { state: 'default', value: false, ...NEW_BUCKETS };
      // In a bucket that is new, no object has a public ACL yet; with this switch on none ever will.
      if (created && valueOf(effective(parts, 'block_public_acls')) === true) return say(false, grants);
      return ignore.state === 'unknown'
        ? ignore
        : unknown(
            'not_collected',
            undefined,
            'objects may have public ACLs of their own, which the bucket does not show',
          );
  }
}

/** Whether the bucket policy lets everyone in. */
function byPolicy(parts: Parts, way: Way): Flag {
  const restrict = effective(parts, 'restrict_public_buckets');
  if (valueOf(restrict) === true) return say(false, restrict);
  const policy = policyOf(parts);
  if (policy.state === 'unknown') return policy;
  switch (policy.value[way]) {
    case 'no':
      return say(false, policy);
    case 'unknown':
      return unknown(
        'unresolved',
        policy.state === 'known' ? policy.at : undefined,
        `whether the policy lets the public ${way} is not decided`,
      );
    case 'yes': {
      const open = unlessStopped(policy, restrict);
      if (valueOf(open) === true && parts.creates && valueOf(effective(parts, 'block_public_policy')) === true) {
        return assumed(true, 'BlockPublicPolicy may refuse the policy, depending on which is applied first');
      }
      return open;
    }
  }
}

function policyOf(parts: Parts): State<PolicyFindings> {
  const got = parts.get<PolicyFindings>('policy') ?? parts.get<PolicyFindings>('inline_policy');
  if (got !== undefined) return got;
  return parts.complete
    ? { state: 'default', value: NO_POLICY, ...POLICY }
    : unknown('not_collected', undefined, 'the bucket policy was not seen');
}

const isPublic =
  (way: Way) =>
  (parts: Parts): FactState =>
    anyOf(byPolicy(parts, way), byAcl(parts, way));

// --- policy ---------------------------------------------------------------------------------------------------------

const types = (native: NativeResource): { readonly [id: string]: unknown } | undefined =>
  isObject(native.extra?.types) ? native.extra.types : undefined;

/** The bucket of the template that a policy is for, where it is one. */
function self(native: NativeResource): string | undefined {
  const ref = native.dialect === 'aws.cfn' ? templateOwner(native, 'Bucket') : undefined;
  return ref !== undefined && 'refs' in ref && ref.refs.length === 1 && ref.others !== true ? ref.refs[0] : undefined;
}

/** The findings of the policy at a place; `name` tells the bucket's name. */
const policyAt = (pointer: string, name: (native: NativeResource) => string | undefined): Reader<PolicyFindings> =>
  derive<PolicyFindings>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    if (found.value === '') return { state: 'known', value: NO_POLICY, at: found.at };
    const value = analyseBucketPolicy(found.value, { bucket: name(native), types: types(native), self: self(native) });
    return { state: 'known', value, at: found.at };
  });

/** The name of the bucket that a policy is for: written there, or with the bucket in the same plan or template. */
const bucketName =
  (pointer: string) =>
  (native: NativeResource): string | undefined => {
    const found = look(native, pointer);
    if (found.is === 'value') return typeof found.value === 'string' ? found.value : undefined;
    const names = native.extra?.names;
    const name = isObject(names) ? names[native.dialect === 'terraform' ? pointer : (self(native) ?? '')] : undefined;
    return typeof name === 'string' ? name : undefined;
  };
const ownName = (native: NativeResource): string | undefined => native.name;

/** A key that Config writes as null where it is not set: known to be unset. Without the key, unset is a default. */
const isNull = (holder: Body, key: string): boolean => isObject(holder) && holder[key] === null;

/** Config always delivers `BucketPolicy`; without a policy its text is null. */
const configPolicy = derive<PolicyFindings>((native) => {
  const holder = look(native, `${SUPPLEMENT}/BucketPolicy`);
  if (holder.is !== 'value') return holder.is === 'denied' ? unknown('denied', holder.at) : undefined;
  const none: Reading<PolicyFindings> = isNull(holder.value, 'policyText')
    ? { state: 'known', value: NO_POLICY, at: `${holder.at}/policyText` }
    : { state: 'default', value: NO_POLICY, ...POLICY };
  return policyAt(`${SUPPLEMENT}/BucketPolicy/policyText`, ownName)(native) ?? none;
});

// --- encryption, versioning, logging --------------------------------------------------------------------------------

type Encryption = 'provider_key' | 'customer_key';

/** From the algorithm and, where it uses KMS, the key; without a key it is AWS's own. */
const sse = (rule: string, algorithm: string, key: string): Reader<Encryption> =>
  derive<Encryption>((native) => {
    const scheme = at(`${rule}/${algorithm}`).oneOf({
      AES256: 's3',
      'aws:kms': 'kms',
      'aws:kms:dsse': 'kms',
    })(native);
    if (scheme === undefined || scheme.state === 'unknown') return scheme;
    if (scheme.value === 's3') return withValue(scheme, 'provider_key' as const);
    return readKey(native, `${rule}/${key}`) ?? { state: 'default', value: 'provider_key', ...KMS_DEFAULT };
  });

const encryption: Columns<Encryption> = {
  'aws.config': setOrDefault(
    sse(
      `${SUPPLEMENT}/ServerSideEncryptionConfiguration/rules/0/applyServerSideEncryptionByDefault`,
      'sseAlgorithm',
      'kmsMasterKeyID',
    ),
    'provider_key',
    SSE_S3,
  ),
  'aws.cfn': sse(
    '/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault',
    'SSEAlgorithm',
    'KMSMasterKeyID',
  ).orDefault('provider_key', SSE_S3),
};

const VERSIONING = { Enabled: true, Suspended: false, Off: false, Disabled: false } as const;

/** Object Lock cannot be had without versioning: S3 enables both. */
const lockedOr = (read: Reader<boolean>, lock: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const got = read(native);
    if (got !== undefined) return got;
    const locked = at(lock).bool()(native);
    if (locked === undefined || locked.state === 'unknown' || !locked.value) return undefined;
    return { state: 'default', value: true, ...OBJECT_LOCK };
  });

/** Logging to no bucket of its own goes to the bucket itself. */
const cfnLogging = derive<boolean>((native) => {
  const found = look(native, '/LoggingConfiguration');
  if (found.is === 'absent') return { state: 'default', value: false, ...NOT_LOGGED };
  if (found.is !== 'value') return unknown(found.is === 'denied' ? 'denied' : 'unresolved', found.at);
  if (!isObject(found.value) || Object.keys(found.value).length === 0) return unknown('invalid', found.at);
  return stated('/LoggingConfiguration/DestinationBucketName')(native) ?? { state: 'known', value: true, at: found.at };
});

/** Config always delivers `BucketLoggingConfiguration`; without logging its destination is null. */
const configLogging = derive<boolean>((native) => {
  const holder = look(native, `${SUPPLEMENT}/BucketLoggingConfiguration`);
  if (holder.is !== 'value') return holder.is === 'denied' ? unknown('denied', holder.at) : undefined;
  const key = 'destinationBucketName';
  const none: Flag = isNull(holder.value, key)
    ? { state: 'known', value: false, at: `${holder.at}/${key}` }
    : { state: 'default', value: false, ...NOT_LOGGED };
  return stated(`${SUPPLEMENT}/BucketLoggingConfiguration/${key}`)(native) ?? none;
});

/** A reading of a satellite, else of the bucket itself, else what a complete document implies. */
const stands =
  (satellite: string, inline: string, complete: FactState | undefined) =>
  (parts: Parts): FactState =>
    parts.get(satellite) ??
    parts.get(inline) ??
    (parts.complete ? complete : undefined) ??
    unknown('not_collected', undefined, `${satellite} was not seen`);

// --- the mapping ----------------------------------------------------------------------------------------------------

/** The bucket that a satellite names: a reference in the same plan or template, or a name. */
const owner = (native: NativeResource): OwnerRef | undefined => {
  if (native.dialect === 'terraform') return terraformOwner(native, '/bucket');
  return native.dialect === 'aws.cfn' ? templateOwner(native, 'Bucket') : { id: native.id };
};

const RULE = '/rule/0/apply_server_side_encryption_by_default/0';

export const s3Bucket = defineMapping('aws/s3-bucket', {
  cloud: 'aws',
  kind: objectStore,
  title: 'S3 bucket',
  dependsOn: {
    account: {
      mapping: 'aws/s3-account-block',
      on: (native) => {
        if (native.dialect === 'terraform') {
          const name = providerName(native);
          return name === undefined ? undefined : { name };
        }
        return native.account === undefined ? undefined : { id: s3AccountBlockId(native.account) };
      },
    },
  },
  parts: {
    bucket: {
      native: { 'aws.config': 'AWS::S3::Bucket', 'aws.cfn': 'AWS::S3::Bucket', terraform: 'aws_s3_bucket' },
      readings: {
        block_public_acls: ownSwitch('blockPublicAcls'),
        ignore_public_acls: ownSwitch('ignorePublicAcls'),
        block_public_policy: ownSwitch('blockPublicPolicy'),
        restrict_public_buckets: ownSwitch('restrictPublicBuckets'),
        acl,
        inline_acl: inlineAcl,
        ownership,
        policy: { 'aws.config': configPolicy },
        inline_policy: { terraform: unlessGone('aws_s3_bucket_policy', 'policy', policyAt('/policy', ownName)) },
        block_gone: {
          terraform: derive<boolean>((native) =>
            isGone(native, 'aws_s3_bucket_public_access_block')
              ? { state: 'known', value: true, at: native.pointer }
              : undefined,
          ),
        },
        encryption,
        inline_encryption: {
          terraform: unlessGone(
            'aws_s3_bucket_server_side_encryption_configuration',
            'server_side_encryption_configuration',
            sse(`/server_side_encryption_configuration/0${RULE}`, 'sse_algorithm', 'kms_master_key_id'),
          ),
        },
        versioned: {
          'aws.config': at(`${SUPPLEMENT}/BucketVersioningConfiguration/status`).oneOf(VERSIONING),
          'aws.cfn': lockedOr(at('/VersioningConfiguration/Status').oneOf(VERSIONING), '/ObjectLockEnabled'),
        },
        inline_versioned: {
          terraform: lockedOr(
            unlessGone('aws_s3_bucket_versioning', 'versioning', at('/versioning/0/enabled').bool()),
            '/object_lock_enabled',
          ),
        },
        access_logged: { 'aws.config': configLogging, 'aws.cfn': cfnLogging },
        inline_access_logged: {
          terraform: unlessGone('aws_s3_bucket_logging', 'logging', stated('/logging/0/target_bucket')),
        },
      },
    },
    policy: {
      native: { 'aws.cfn': 'AWS::S3::BucketPolicy', terraform: 'aws_s3_bucket_policy' },
      owner,
      readings: {
        policy: {
          'aws.cfn': policyAt('/PolicyDocument', bucketName('/Bucket')),
          terraform: policyAt('/policy', bucketName('/bucket')),
        },
      },
    },
    acl: { native: { terraform: 'aws_s3_bucket_acl' }, owner, readings: { acl: plannedAcl } },
    block: {
      native: { terraform: 'aws_s3_bucket_public_access_block' },
      owner,
      readings: {
        block_public_acls: plannedSwitch('block_public_acls'),
        ignore_public_acls: plannedSwitch('ignore_public_acls'),
        block_public_policy: plannedSwitch('block_public_policy'),
        restrict_public_buckets: plannedSwitch('restrict_public_buckets'),
      },
    },
    ownership: {
      native: { terraform: 'aws_s3_bucket_ownership_controls', 'aws.api': 'AWS::S3::Bucket/OwnershipControls' },
      owner,
      readings: {
        ownership: {
          terraform: at('/rule/0/object_ownership').string(),
          'aws.api': at('/OwnershipControls/Rules/0/ObjectOwnership').string(),
        },
      },
    },
    encryption: {
      native: { terraform: 'aws_s3_bucket_server_side_encryption_configuration' },
      owner,
      readings: { encryption: { terraform: sse(RULE, 'sse_algorithm', 'kms_master_key_id') } },
    },
    versioning: {
      native: { terraform: 'aws_s3_bucket_versioning' },
      owner,
      readings: { versioned: { terraform: at('/versioning_configuration/0/status').oneOf(VERSIONING) } },
    },
    logging: {
      native: { terraform: 'aws_s3_bucket_logging' },
      owner,
      readings: { access_logged: { terraform: stated('/target_bucket') } },
    },
  },
  facts: {
    public_read: isPublic('read'),
    public_write: isPublic('write'),
    public_access_blocked: (parts) => allOf(...SWITCHES.map((name) => effective(parts, name))),
    encryption: stands('encryption', 'inline_encryption', { state: 'default', value: 'provider_key', ...SSE_S3 }),
    tls_only: (parts) => {
      const policy = policyOf(parts);
      if (policy.state === 'unknown') return policy;
      const { tls_only } = policy.value;
      if (tls_only !== 'unknown') return say(tls_only === 'yes', policy);
      return unknown(
        'unresolved',
        policy.state === 'known' ? policy.at : undefined,
        'whether the policy refuses requests without TLS is not decided',
      );
    },
    versioned: stands('versioned', 'inline_versioned', { state: 'default', value: false, ...UNVERSIONED }),
    access_logged: stands('access_logged', 'inline_access_logged', { state: 'default', value: false, ...NOT_LOGGED }),
  },
});
