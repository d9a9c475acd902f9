/**
 * Whose key a key reference means. Keys that AWS manages are only ever written as `alias/aws/<service>`, or not at all:
 * https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key (read 2026-11-25).
 */
import type { State } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import type { NativeResource } from '../../model/native.ts';
import { look, unknown } from '../reader.ts';

export type KeyOwner = 'provider_key' | 'customer_key';

const KEY_TYPES: ReadonlySet<string> = new Set([
  'AWS::KMS::Key',
  'AWS::KMS::ReplicaKey',
  'AWS::KMS::Alias',
  'aws_kms_key',
  'aws_kms_external_key',
  'aws_kms_replica_key',
  'aws_kms_replica_external_key',
  'aws_kms_alias',
]);

/** The type of what a reference names: a Terraform address, or a logical id of the template. Data sources have none. */
function typeOf(ref: string, native: NativeResource): string | undefined {
  if (native.dialect === 'terraform') {
    const match = /(?:^|\.)(data\.)?([a-z0-9_]+)\.[\w-]+(?:\[[^\]]*\])?$/.exec(ref);
    return match?.[1] === undefined ? match?.[2] : undefined;
  }
  const types = native.extra?.types;
  const type = isObject(types) ? types[ref] : undefined;
  return typeof type === 'string' ? type : undefined;
}

/** Whether a key that is written by name, id, ARN or alias is the provider's or the customer's. */
export const keyOwner = (key: string): KeyOwner => (/(?:^|:)alias\/aws\//.test(key) ? 'provider_key' : 'customer_key');

/** A data source of the plan found the key, and knows it for AWS's. */
function isOfAws(key: string, native: NativeResource): boolean {
  const keys = native.extra?.awsKeys;
  return Array.isArray(keys) && (keys as readonly unknown[]).includes(key);
}

/** The owner of the key at a place; `undefined` if no key is named there. */
export function readKey(native: NativeResource, pointer: string): State<KeyOwner> | undefined {
  const found = look(native, pointer);
  switch (found.is) {
    case 'absent':
      return undefined;
    case 'denied':
      return unknown('denied', found.at);
    case 'unresolved': {
      if (found.unset === true) return undefined;
      // Where it will be (`${AWS::Region}`) says nothing about whose it is.
      const key = found.detail.replaceAll(/\$\{AWS::\w+\}/g, '-');
      if (native.dialect === 'aws.cfn' && key !== found.detail && /^arn:[^${}]*$/.test(key)) {
        return { state: 'known', value: keyOwner(key), at: found.at };
      }
      // A key that the same plan or template makes is the customer's own, whatever its id will be.
      const refs = found.refs.filter((ref) => !ref.startsWith('AWS::'));
      const own = refs.length > 0 && refs.every((ref) => KEY_TYPES.has(typeOf(ref, native) ?? ''));
      return own && !found.detail.startsWith('Fn::')
        ? { state: 'known', value: 'customer_key', at: found.at }
        : unknown('unresolved', found.at, found.detail);
    }
    case 'value':
      if (typeof found.value !== 'string') return unknown('invalid', found.at, 'expected a key');
      if (found.value === '') return undefined;
      return {
        state: 'known',
        value: isOfAws(found.value, native) ? 'provider_key' : keyOwner(found.value),
        at: found.at,
      };
  }
}
