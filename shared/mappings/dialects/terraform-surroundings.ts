/**
 * What a plan or state says of a resource elsewhere than in the resource.
 *
 * - **What goes.** A deleted resource is not in the plan's outcome, but what stays still shows in its computed attributes
 *   how it was with it: a bucket whose `aws_s3_bucket_policy` is deleted still shows the policy.
 * - **Keys of AWS.** The ARN of a key does not tell whose it is; a data source that found it by an alias of AWS does.
 */
import { isObject } from '../../model/json.ts';

type Fields = { readonly [key: string]: unknown };

const fields = (value: unknown): Fields => (isObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Longer texts are nobody's id. */
const LONGEST_ID = 2048;

const isDeletion = (actions: unknown): boolean =>
  Array.isArray(actions) && actions.length > 0 && actions.every((action) => action === 'delete');

/** An id as it is compared, and for the id of a part of an Azure resource that of the resource too. */
function idsIn(value: string): readonly string[] {
  const id = value.toLowerCase();
  const parent = /^(\/subscriptions\/.+\/providers\/.+\/[^/]+)\/[^/]+\/[^/]+$/.exec(id)?.[1];
  return parent === undefined ? [id] : [id, parent];
}

/** By an id that they name: the types of the resources that a plan deletes. */
function deletions(changes: readonly unknown[]): ReadonlyMap<string, ReadonlySet<string>> {
  const gone = new Map<string, Set<string>>();
  for (const change of changes) {
    const { type, mode, deposed, change: what } = fields(change);
    const { actions, before } = fields(what);
    if (!isText(type) || (mode ?? 'managed') !== 'managed' || deposed !== undefined || !isDeletion(actions)) continue;
    for (const value of Object.values(fields(before))) {
      for (const id of isText(value) && value.length <= LONGEST_ID ? idsIn(value) : []) {
        const types = gone.get(id);
        if (types === undefined) gone.set(id, new Set([type]));
        else types.add(type);
      }
    }
  }
  return gone;
}

const AWS_ALIAS = /(?:^|:)alias\/aws\//;

/** The ids of the keys that AWS manages, as far as data sources found them. */
function keysOfAws(root: unknown): readonly string[] {
  const keys = new Set<string>();
  const modules = [fields(root)];
  for (let module = modules.pop(); module !== undefined; module = modules.pop()) {
    for (const resource of list(module.resources)) {
      const { mode, type, values } = fields(resource);
      if (mode !== 'data' || (type !== 'aws_kms_alias' && type !== 'aws_kms_key')) continue;
      const { name, key_id, key_manager, arn, id, target_key_arn, target_key_id } = fields(values);
      const alias = type === 'aws_kms_alias' ? name : key_id;
      if (key_manager !== 'AWS' && !(isText(alias) && AWS_ALIAS.test(alias))) continue;
      for (const key of [arn, id, target_key_arn, target_key_id]) if (isText(key)) keys.add(key);
    }
    modules.push(...list(module.child_modules).map(fields));
  }
  return [...keys];
}

export interface Surroundings {
  readonly awsKeys: readonly string[];
  /** The types of the deleted resources that name this one, by its values. */
  readonly gone: (values: unknown) => readonly string[];
}

/** Reads them from the changes of a plan, and from the root module of what was before it, or of the state. */
export function readSurroundings(changes: unknown, root: unknown): Surroundings {
  const gone = deletions(list(changes));
  return {
    awsKeys: keysOfAws(root),
    gone: (values) => {
      const { id, arn } = fields(values);
      return [id, arn].flatMap((key) => (isText(key) ? [...(gone.get(key.toLowerCase()) ?? [])] : []));
    },
  };
}
