import { armName, armType, subscriptionOf } from '../../mappings/azure/arm-id.ts';
import { type ReadBackChild, readBackOwner, readBackPlan } from '../../mappings/azure/read-back.ts';
import { armResource } from '../../mappings/dialects/arm.ts';
import { instant } from '../../model/change.ts';
import { isObject, type Json } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NativeIdentity, ReadBack, ReadDocument } from '../../ports/read-back.ts';
import type { ArmClient } from './arm-client.ts';

/** How far ARM's answer may lie behind what it has accepted: its caches are regional. */
const LAG_MS = 2000;

/**
 * Reads an Azure resource back by ARM GET, it and its named children. Of a child that is refused nothing is known any
 * more: what it was before may be what has changed. One that does not exist is left out.
 */
export const makeArmReadBack = (arm: ArmClient, clock: Clock): ReadBack => ({
  async read(notice) {
    const owner = readBackOwner(notice.resourceId);
    const plan = owner === undefined ? undefined : readBackPlan(owner.type);
    if (owner === undefined || plan === undefined)
      return { is: 'unsupported', nativeType: notice.nativeType ?? armType(notice.resourceId) ?? 'unknown' };

    // What a notice of T announces is in every answer from T on; what came later has a later key of its own.
    const started = instant(clock.now() - LAG_MS);
    const readKey = started > notice.changedAt ? started : notice.changedAt;
    const answer = await arm.get(owner.id, plan.apiVersion);
    if (answer.is !== 'found') return { is: answer.is, readKey, native: identity(owner) };
    const documents: ReadDocument[] = [document(answer.body)];
    for (const child of plan.children) documents.push(...(await readChild(arm, owner.id, child)));
    return { is: 'found', readKey, documents };
  },
});

function identity({ id, type }: { readonly id: string; readonly type: string }): NativeIdentity {
  const account = subscriptionOf(id);
  return { dialect: 'azure.arm', type, id, name: armName(id), ...(account === undefined ? {} : { account }) };
}

async function readChild(arm: ArmClient, parent: string, child: ReadBackChild): Promise<readonly ReadDocument[]> {
  const id = `${parent}${child.path}`.toLowerCase();
  const answer = child.list ? await arm.list(id, child.apiVersion) : await arm.get(id, child.apiVersion);
  const listOf = child.list ? { listOf: id } : {};
  if (answer.is === 'denied') return [{ form: armResource.id, document: { id }, read: { ...listOf, denied: true } }];
  if (answer.is === 'gone') return [];
  if (!child.list) return [document(answer.body)];
  const documents: ReadDocument[] = [document(answer.body, id)];
  for (const item of itemsOf(answer.body))
    for (const below of child.each ?? []) documents.push(...(await readChild(arm, item, below)));
  return documents;
}

const document = (body: Json, listOf?: string): ReadDocument => ({
  form: armResource.id,
  document: body,
  ...(listOf === undefined ? {} : { read: { listOf } }),
});

const itemsOf = (body: Json): readonly string[] =>
  isObject(body) && Array.isArray(body['value'])
    ? (body['value'] as readonly unknown[]).flatMap((item) =>
        isObject(item) && typeof item['id'] === 'string' ? [item['id'].toLowerCase()] : [],
      )
    : [];
