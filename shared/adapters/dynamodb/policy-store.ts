import { gunzipSync, gzipSync } from 'node:zlib';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { type ContextConfig, contextConfigSchema } from '../../mappings/context-config.ts';
import { AppError } from '../../model/errors.ts';
import { canonicalJson } from '../../model/json.ts';
import { type Bundle, type BundleManifest, bundleHash, sha256 } from '../../policy/bundle.ts';
import type { Activation, PolicyStore } from '../../ports/policy-store.ts';
import { fromStore } from '../aws/errors.ts';
import type { Table } from './client.ts';
import { pack, unpack } from './packing.ts';

/** An item is at most 400 KB with its names: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, read 2026-11-25. */
const CHUNK_BYTES = 350 * 1024;

type Item = { readonly [attribute: string]: unknown };

/**
 * The policies table on DynamoDB: `bundle#<hash>` with `manifest` and `chunk#0000…`, `context#<hash>` with `config`,
 * `active` with `pointer`, `activation` with one item per sequence.
 */
export function makeDynamoPolicyStore(table: Table): PolicyStore {
  const { client, name: TableName } = table;
  const get = async (id: string, item: string): Promise<Item | undefined> =>
    (await client.send(new GetCommand({ TableName, Key: { id, item }, ConsistentRead: true }))).Item;

  return {
    putBundle: (bundle) =>
      guarded('store a bundle', async () => {
        const hash = bundleHash(bundle.manifest);
        const id = `bundle#${hash}`;
        const packed = gzipSync(bundle.wasm, { level: 9 });
        let chunks = 0;
        for (let at = 0; at < packed.length; at += CHUNK_BYTES) {
          const content = packed.subarray(at, at + CHUNK_BYTES);
          await client.send(new PutCommand({ TableName, Item: { id, item: chunkKey(chunks), content } }));
          chunks += 1;
        }
        // Last: whoever sees the manifest finds all chunks.
        await client.send(
          new PutCommand({
            TableName,
            Item: {
              id,
              item: 'manifest',
              chunks,
              wasm_sha256: bundle.manifest.wasm.sha256,
              policies: bundle.manifest.policies.map((p) => p.id),
              manifest: pack(bundle.manifest),
            },
          }),
        );
        return hash;
      }),
    bundle: (hash) =>
      guarded('read a bundle', async () => {
        const id = `bundle#${hash}`;
        const stored = await get(id, 'manifest');
        if (stored === undefined) return undefined;
        const pieces: Uint8Array[] = [];
        for (let i = 0; i < Number(stored['chunks']); i++) {
          const chunk = (await get(id, chunkKey(i)))?.['content'];
          if (!(chunk instanceof Uint8Array))
            throw new AppError('POLICY_LOAD_FAILED', `bundle ${hash} lacks its chunk ${i}`);
          pieces.push(chunk);
        }
        return checked(hash, stored['manifest'], pieces);
      }),
    putContext: (config) =>
      guarded('store a context configuration', async () => {
        const hash = sha256(canonicalJson(config));
        await client.send(
          new PutCommand({ TableName, Item: { id: `context#${hash}`, item: 'config', config: canonicalJson(config) } }),
        );
        return hash;
      }),
    context: (hash) =>
      guarded('read a context configuration', async () => {
        const stored = await get(`context#${hash}`, 'config');
        return stored === undefined ? undefined : checkedContext(hash, stored['config']);
      }),
    active: () =>
      guarded('read what is active', async () => {
        const stored = await get('active', 'pointer');
        return stored === undefined ? undefined : decode(stored);
      }),
    activate: (next) =>
      guarded('activate', async () => {
        const stillThat = {
          ConditionExpression: next.sequence === 1 ? 'attribute_not_exists(#id)' : '#sequence = :before',
          ExpressionAttributeNames: next.sequence === 1 ? { '#id': 'id' } : { '#sequence': 'sequence' },
          ...(next.sequence === 1 ? {} : { ExpressionAttributeValues: { ':before': next.sequence - 1 } }),
        };
        try {
          await client.send(
            new TransactWriteCommand({
              TransactItems: [
                { Put: { TableName, Item: { id: 'active', item: 'pointer', ...encode(next) }, ...stillThat } },
                { Put: { TableName, Item: { id: 'activation', item: sequenceKey(next.sequence), ...encode(next) } } },
              ],
            }),
          );
          return true;
        } catch (error) {
          const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
          if (reasons.some((r) => r.Code === 'ConditionalCheckFailed')) return false;
          throw error;
        }
      }),
    activations: (limit) =>
      guarded('list activations', async () => {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: '#id = :id',
            ExpressionAttributeNames: { '#id': 'id' },
            ExpressionAttributeValues: { ':id': 'activation' },
            ScanIndexForward: false,
            ConsistentRead: true,
            Limit: limit,
          }),
        );
        return (answer.Items ?? []).map(decode);
      }),
  };
}

const chunkKey = (i: number): string => `chunk#${String(i).padStart(4, '0')}`;
const sequenceKey = (sequence: number): string => String(sequence).padStart(12, '0');

/** The bundle, if manifest and module are what the hash says; anything that does not even unpack is not. */
function checked(hash: string, manifest: unknown, pieces: readonly Uint8Array[]): Bundle {
  let bundle: Bundle;
  try {
    bundle = { manifest: unpack(manifest) as BundleManifest, wasm: gunzipSync(Buffer.concat(pieces)) };
  } catch (cause) {
    throw new AppError('POLICY_LOAD_FAILED', `bundle ${hash} cannot be unpacked`, { cause });
  }
  if (bundleHash(bundle.manifest) !== hash)
    throw new AppError('POLICY_LOAD_FAILED', `the manifest stored under ${hash} has another hash`);
  if (sha256(bundle.wasm) !== bundle.manifest.wasm.sha256)
    throw new AppError('POLICY_LOAD_FAILED', `the module of bundle ${hash} is not the one that its manifest names`);
  return bundle;
}

function checkedContext(hash: string, config: unknown): ContextConfig {
  const text = typeof config === 'string' ? config : '';
  if (sha256(text) !== hash)
    throw new AppError('POLICY_LOAD_FAILED', `the context configuration stored under ${hash} has another hash`);
  const parsed = contextConfigSchema.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new AppError('POLICY_LOAD_FAILED', `this build does not understand the context configuration ${hash}`, {
      cause: parsed.error,
    });
  return parsed.data;
}

const encode = (a: Activation): Item => ({
  sequence: a.sequence,
  bundle: a.bundle,
  bundle_sequence: a.bundleSequence,
  context: a.context,
  context_sequence: a.contextSequence,
  activated_at: a.activatedAt,
  by: a.by,
  shadow: a.shadow,
});

const decode = (item: Item): Activation => ({
  sequence: Number(item['sequence']),
  bundle: String(item['bundle']),
  bundleSequence: Number(item['bundle_sequence']),
  context: String(item['context']),
  contextSequence: Number(item['context_sequence']),
  activatedAt: String(item['activated_at']),
  ...(typeof item['by'] === 'string' ? { by: item['by'] } : {}),
  ...(Array.isArray(item['shadow']) ? { shadow: item['shadow'].map(String) } : {}),
});

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromStore(error, what);
  }
}
