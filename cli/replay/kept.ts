/** What a stack has kept, and what is in force there. */
import { S3Client } from '@aws-sdk/client-s3';
import { makeS3Archive } from '../../shared/adapters/aws/s3-archive.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { loadEngine } from '../../shared/adapters/opa/engine.ts';
import { NO_ARCHIVE } from '../../shared/model/deployment.ts';
import { AppError } from '../../shared/model/errors.ts';
import { makeActiveSource } from '../../shared/pipeline/active.ts';
import type { ArchiveReader } from '../../shared/ports/archive.ts';
import type { History } from '../commands/replay.ts';
import type { Stack } from '../stack/stack.ts';

/** The archive of a stack. Throws `CONFIG_INVALID` where nothing is kept. */
export function archiveOf(stack: Stack): ArchiveReader {
  const bucket = stack.output('ArchiveBucket');
  if (bucket === NO_ARCHIVE)
    throw new AppError('CONFIG_INVALID', `${stack.title} keeps no history (archiveDays=0): name a folder with --from`);
  // The local AWS knows buckets by path alone.
  return makeS3Archive(new S3Client({ ...stack.aws, forcePathStyle: stack.local !== undefined }), bucket);
}

/** Throws `POLICY_LOAD_FAILED` if what is active cannot be used, `CONFIG_INVALID` if nothing is. */
export async function keptBy(stack: Stack): Promise<History> {
  const policies = makeDynamoPolicyStore({ client: stack.documents(), name: stack.output('PoliciesTable') });
  const source = makeActiveSource({ policies, loadEngine: async (b) => loadEngine(b), onBad: () => {} });
  const active = await source.refresh();
  if (active === undefined)
    throw new AppError('CONFIG_INVALID', `nothing is active in ${stack.title}: "edict release"`);
  return { title: stack.title, reader: archiveOf(stack), context: active.context, active: active.engine };
}
