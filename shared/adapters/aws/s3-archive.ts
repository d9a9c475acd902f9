import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { instant } from '../../model/change.ts';
import { AppError } from '../../model/errors.ts';
import { ARCHIVE_PREFIX } from '../../model/deployment.ts';
import type { ArchiveReader } from '../../ports/archive.ts';
import { changesIn, folderOfHour, LATE_MS } from '../archive-lines.ts';
import { fromAws } from './errors.ts';

/**
 * Reads the archive's bucket object by object, in the order of their names, which is that of the hours. An object is named
 * after the time at which it was kept: until a day after the last change that is asked for.
 */
export const makeS3Archive = (client: S3Client, bucket: string): ArchiveReader => ({
  async *read(range, onBad) {
    const last = folderOfHour(instant(Date.parse(range.until) + LATE_MS));
    let next: string | undefined;
    // The name before all of the first hour: a list begins after it.
    const StartAfter = folderOfHour(range.from);
    do {
      const page = await list(client, bucket, StartAfter, next);
      // An empty list has no contents, and says that it is whole; an answer that says neither is none.
      if (page.Contents === undefined && page.IsTruncated === undefined)
        throw new AppError('UPSTREAM_UNAVAILABLE', `S3 answered without the list of ${bucket}`);
      for (const { Key } of page.Contents ?? []) {
        if (Key === undefined) continue;
        if (Key.slice(0, last.length) > last) return;
        try {
          yield* changesIn(await open(client, bucket, Key), Key, range, onBad);
        } catch (error) {
          // Also where the bytes break off.
          throw fromAws(error, `read ${Key} of the archive`);
        }
      }
      next = page.NextContinuationToken;
    } while (next !== undefined);
  },
});

async function list(client: S3Client, Bucket: string, StartAfter: string, next: string | undefined) {
  try {
    return await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: ARCHIVE_PREFIX,
        StartAfter,
        ...(next === undefined ? {} : { ContinuationToken: next }),
      }),
    );
  } catch (error) {
    throw fromAws(error, `list the archive ${Bucket}`);
  }
}

async function open(client: S3Client, Bucket: string, Key: string): Promise<AsyncIterable<Uint8Array>> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return (Body ?? []) as AsyncIterable<Uint8Array>;
}
