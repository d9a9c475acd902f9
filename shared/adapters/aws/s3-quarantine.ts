import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Quarantine } from '../../ports/quarantine.ts';
import { fromStore } from './errors.ts';

/** The quarantine as a bucket: `<source>/<id>.json`. The bucket forgets after 30 days. */
export const makeS3Quarantine = (client: S3Client, bucket: string): Quarantine => ({
  async put(item) {
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: `${item.source}/${item.id}.json`,
          Body: JSON.stringify(item),
          ContentType: 'application/json',
        }),
      );
    } catch (error) {
      throw fromStore(error, 'put into the quarantine');
    }
  },
});
