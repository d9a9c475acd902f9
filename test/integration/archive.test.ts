/** The archive over the wire: the stream's and the bucket's real SDKs against a server that answers as the services do. */
import { gzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { firehoseClient, makeFirehoseArchive } from '../../shared/adapters/aws/firehose-archive.ts';
import { makeS3Archive } from '../../shared/adapters/aws/s3-archive.ts';
import { lineOf } from '../../shared/adapters/archive-lines.ts';
import { makeKeeping } from '../../shared/adapters/service/keeping.ts';
import { type Change, changeIdOf } from '../../shared/model/change.ts';
import { type Answered, type Asked, type Provider, startProvider } from '../support/provider.ts';

let provider: Provider;
afterEach(() => provider.stop());
async function start(answer: (asked: Asked, n: number) => Answered | 'silence' | undefined) {
  provider = await startProvider(answer);
  return {
    endpoint: provider.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    forcePathStyle: true,
  };
}

const AT = '2026-11-25T12:00:00.000Z';
function made(n: number, receivedAt = AT, filler = ''): Change {
  const content = { is: 'document', form: 'config-event', document: { n, filler } } as const;
  const changeId = changeIdOf({ source: 'aws.config', content });
  return { type: 'change', version: 1, changeId, source: 'aws.config', origin: 'event', receivedAt, content };
}
const many = (count: number): readonly Change[] => Array.from({ length: count }, (_, n) => made(n));

interface Put {
  readonly DeliveryStreamName: string;
  readonly Records: readonly { readonly Data: string }[];
}
const put = (asked: Asked): Put => JSON.parse(asked.body) as Put;
const lines = (asked: Asked): readonly string[] =>
  put(asked).Records.map(({ Data }) => Buffer.from(Data, 'base64').toString());
/** Takes every record but those at these places. */
const taken = (asked: Asked, refused: readonly number[] = []): Answered => ({
  status: 200,
  body: {
    FailedPutCount: refused.length,
    RequestResponses: put(asked).Records.map((_, i) =>
      refused.includes(i)
        ? { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' }
        : { RecordId: `${i}` },
    ),
  },
});

describe('writing through a delivery stream', () => {
  const pauses: number[] = [];
  const writer = async (answer: (asked: Asked, n: number) => Answered | 'silence' | undefined, waitsMs?: number) => {
    pauses.length = 0;
    const client = firehoseClient(await start(answer), waitsMs);
    return makeFirehoseArchive(client, 'kept', (ms) => Promise.resolve(void pauses.push(ms)));
  };

  it('puts a line for each change, at most 500 in a call', async () => {
    const archive = await writer((asked) => taken(asked));
    await archive.write(many(501));

    expect(provider.asked.map((a) => put(a).Records.length)).toEqual([500, 1]);
    expect(provider.asked.flatMap(lines)).toEqual(many(501).map(lineOf));
    expect(provider.asked.map((a) => put(a).DeliveryStreamName)).toEqual(['kept', 'kept']);
  });

  it('puts what was not taken again, and that alone', async () => {
    const archive = await writer((asked, n) => taken(asked, n === 1 ? [1, 3] : []));
    await archive.write(many(5));

    expect(provider.asked.map((a) => lines(a).length)).toEqual([5, 2]);
    expect(lines(provider.asked[1] as Asked)).toEqual([made(1), made(3)].map(lineOf));
    expect(pauses).toEqual([50]);
  });

  it('says how many are lost when Firehose does not take them three times', async () => {
    const archive = await writer((asked) => taken(asked, [0]));
    await expect(archive.write(many(3))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { lost: 1 } });
    expect(pauses).toEqual([50, 200]);
  });

  it('says so when it does not answer or refuses', async () => {
    const archive = await writer(() => ({ status: 400, body: { __type: 'ResourceNotFoundException' } }));
    await expect(archive.write(many(3))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { lost: 3 } });
  });

  it('does not wait for one that is silent', async () => {
    const archive = await writer(() => 'silence', 100);
    await expect(archive.write(many(3))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { lost: 3 } });
  });

  it('loses one that is too large for a record, and keeps the others', async () => {
    const archive = await writer((asked) => taken(asked));
    const large = made(9, AT, 'x'.repeat(1_100_000));
    await expect(archive.write([made(1), large, made(2)])).rejects.toMatchObject({ details: { lost: 1 } });
    expect(provider.asked.flatMap(lines)).toEqual([made(1), made(2)].map(lineOf));
  });

  it('fails nothing in the service: what could not be kept is counted', async () => {
    const archive = await writer((asked) => taken(asked, [0]));
    const counted: unknown[] = [];
    const kept = makeKeeping(archive, { count: (...of) => void counted.push(of), log: () => {} });
    for (const change of many(2)) kept.keep(change);
    await kept.flush();
    await kept.flush();

    expect(counted).toEqual([['ChangesNotArchived', 1]]);
    expect(provider.asked).toHaveLength(3);
  });
});

describe('reading the bucket', () => {
  const objects: { readonly [key: string]: Buffer } = {
    'changes/2026/11/24/09/a.gz': gzipSync(lineOf(made(0, '2026-11-24T09:00:00.000Z'))),
    'changes/2026/11/25/12/b': Buffer.from(lineOf(made(1)) + lineOf(made(2))),
    'changes/2026/11/25/13/c.gz': gzipSync(lineOf(made(3)) + lineOf(made(4, '2026-11-25T13:30:00.000Z'))),
    'changes/2026/11/29/00/d': Buffer.from(lineOf(made(5, '2026-11-29T00:00:00.000Z'))),
  };
  /** Lists two names a page. */
  const bucket = (asked: Asked): Answered => {
    if (asked.query.get('list-type') !== '2') {
      const body = objects[asked.path.slice('/archive/'.length)];
      return body === undefined
        ? { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' }
        : { status: 200, body };
    }
    const after = asked.query.get('continuation-token') ?? asked.query.get('start-after') ?? '';
    const keys = Object.keys(objects).filter((k) => k > after);
    const page = keys.slice(0, 2);
    const more = keys.length > 2;
    return {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${page
        .map((k) => `<Contents><Key>${k}</Key></Contents>`)
        .join('')}${more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''}</ListBucketResult>`,
    };
  };
  const read = async (from: string, until: string, answer: (asked: Asked) => Answered = bucket) => {
    const archive = makeS3Archive(new S3Client(await start(answer)), 'archive');
    const changes: Change[] = [];
    for await (const change of archive.read({ from, until }, () => {})) changes.push(change);
    return changes;
  };

  it('gives what was received in the time, packed or not, page by page', async () => {
    const found = await read('2026-11-25T00:00:00.000Z', '2026-11-25T13:00:00.000Z');
    expect(found).toEqual([made(1), made(2), made(3)]);
    const fetched = provider.asked.filter((a) => a.query.get('list-type') !== '2').map((a) => a.path);
    expect(fetched).toEqual(['/archive/changes/2026/11/25/12/b', '/archive/changes/2026/11/25/13/c.gz']);
  });

  it('takes an answer without a list for no empty history, and an object that breaks off for no whole one', async () => {
    const nothing = (): Answered => ({ status: 200, headers: { 'content-type': 'application/xml' }, body: '' });
    await expect(read(AT, AT, nothing)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    const cut = (asked: Asked): Answered => {
      const answer = bucket(asked);
      return asked.query.get('list-type') === '2'
        ? answer
        : { ...answer, headers: { 'content-length': '9999', connection: 'close' } };
    };
    const reading = read(AT, AT, cut);
    // The server ends what it had promised more of.
    await expect(reading).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('says that it may not read', async () => {
    const denied = (): Answered => ({ status: 403, body: '<Error><Code>AccessDenied</Code></Error>' });
    await expect(read(AT, AT, denied)).rejects.toMatchObject({ code: 'UPSTREAM_DENIED' });
  });
});
