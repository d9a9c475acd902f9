/** The ingest function itself, over the wire: real key sets fetched from an issuer, forged tokens, a queue and a bucket that answer. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { type Provider, startProvider } from '../support/provider.ts';
import { azure, claims, google, makeIssuer, subscription } from '../support/tokens.ts';

type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<{ statusCode: number; body?: string }>;

let issuer: Awaited<ReturnType<typeof makeIssuer>>;
let stranger: Awaited<ReturnType<typeof makeIssuer>>;
/** Entra's and Google's keys, SQS and S3: one server. */
let provider: Provider;
let handler: Handler;
let keysAnswer = 200;
let queueAnswer = 200;

beforeAll(async () => {
  issuer = await makeIssuer();
  stranger = await makeIssuer();
  provider = await startProvider(({ path, headers, body }) => {
    if (path.startsWith('/keys')) return { status: keysAnswer, body: issuer.published };
    if (String(headers['x-amz-target']).startsWith('AmazonSQS')) {
      const { Entries } = JSON.parse(body) as { Entries: { Id: string; MessageBody: string }[] };
      return {
        status: queueAnswer,
        body: {
          Successful: Entries.map(({ Id, MessageBody }) => ({
            Id,
            MessageId: Id,
            // The SDK checks it.
            MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
          })),
        },
      };
    }
    return { status: 200, body: '' };
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: provider.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_MAX_ATTEMPTS: '1',
    EDICT_STAGE: 'test',
    // The keys lie on this machine.
    EDICT_LOCAL: 'true',
    LOG_LEVEL: 'ERROR',
    POWERTOOLS_DEV: 'false',
    POWERTOOLS_METRICS_DISABLED: 'true',
    CHANGES_QUEUE_URL: `${provider.url}/1/changes`,
    QUARANTINE_BUCKET: 'quarantine',
    AZURE_CALLERS: JSON.stringify({ ...azure, jwksUrl: `${provider.url}/keys/azure` }),
    GOOGLE_CALLERS: JSON.stringify({ ...google, jwksUrl: `${provider.url}/keys/google` }),
  });
  // A fresh module: its environment is parsed when it is loaded.
  ({ handler } = await import('../../functions/ingest/handler.ts'));
});
afterAll(() => provider.stop());
beforeEach(() => {
  keysAnswer = 200;
  queueAnswer = 200;
});

const post = (path: string, authorization: string | undefined, body: unknown) =>
  handler(
    {
      rawPath: path,
      headers: {
        'Content-Type': 'application/json',
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      requestContext: { http: { method: 'POST' } },
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)).toString('base64'),
      isBase64Encoded: true,
    } as unknown as APIGatewayProxyEventV2, // what API Gateway sends besides is not read
    { awsRequestId: '1', functionName: 'ingest', getRemainingTimeInMillis: () => 1000 } as unknown as Context, // as above
  );
const sentTo = (what: (asked: Provider['asked'][number]) => boolean, since: number) =>
  provider.asked.slice(since).filter(what);
const isQueue = ({ headers }: Provider['asked'][number]) => String(headers['x-amz-target']).startsWith('AmazonSQS');
const isQuarantine = ({ method, path }: Provider['asked'][number]) =>
  method === 'PUT' && path.startsWith('/quarantine/');

const id = `/subscriptions/${subscription}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/shop`;
const delivery = [
  {
    id: '1',
    topic: `/subscriptions/${subscription}`,
    subject: id,
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    eventTime: '2026-11-25T11:59:58.000Z',
    dataVersion: '2',
    metadataVersion: '1',
    data: { resourceUri: id, subscriptionId: subscription },
  },
];

describe('a delivery of Event Grid', () => {
  it('with a good token goes to the queue', async () => {
    const since = provider.asked.length;
    expect(await post('/azure/events', `Bearer ${await issuer.token(claims.azure)}`, delivery)).toEqual({
      statusCode: 200,
    });
    const [asked] = sentTo(isQueue, since);
    expect(asked?.body).toContain(id.toLowerCase());
    expect(asked?.body).not.toContain('Bearer');
  });

  it.each([
    ['no token', async () => undefined],
    ['an expired token', async () => issuer.token(claims.azure, { expiresIn: -3600 })],
    ['a token for someone else', async () => issuer.token({ ...claims.azure, aud: 'api://other' })],
    ['a token signed by a stranger', async () => stranger.token(claims.azure)],
    ['a token with a key id that nobody published', async () => stranger.token(claims.azure, { kid: 'none' })],
    ["Google's token", async () => issuer.token(claims.google)],
    ['no JWT at all', async () => 'let-me-in'],
  ])('with %s is answered 401, and goes nowhere', async (_what, token) => {
    const since = provider.asked.length;
    const said = await token();
    const answer = await post('/azure/events', said === undefined ? undefined : `Bearer ${said}`, delivery);
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toBeUndefined();
    expect([sentTo(isQueue, since), sentTo(isQuarantine, since)]).toEqual([[], []]);
  });

  it('with malformed JSON is kept in the bucket, and answered 200', async () => {
    const since = provider.asked.length;
    const token = `Bearer ${await issuer.token(claims.azure)}`;
    expect((await post('/azure/events', token, '[{"password": "hunter2hunter2"')).statusCode).toBe(200);
    const [kept] = sentTo(isQuarantine, since);
    expect(kept?.path).toMatch(/^\/quarantine\/azure\.event-grid\/[0-9a-f]{32}\.json$/);
    expect(kept?.body).not.toContain('hunter2');
  });

  it('is answered 503 while the queue does not take it: it comes again', async () => {
    queueAnswer = 500;
    const token = `Bearer ${await issuer.token(claims.azure)}`;
    expect((await post('/azure/events', token, delivery)).statusCode).toBe(503);
  });
});

describe('a push of Pub/Sub', () => {
  it('with a good token goes to the queue; with a stranger’s it does not', async () => {
    const asset = {
      asset: {
        name: '//storage.googleapis.com/shop',
        assetType: 'storage.googleapis.com/Bucket',
        updateTime: '2026-11-25T11:59:58Z',
        ancestors: ['projects/1'],
        resource: { data: { name: 'shop' } },
      },
      window: { startTime: '2026-11-25T11:59:58Z' },
    };
    const push = {
      message: { data: Buffer.from(JSON.stringify(asset)).toString('base64'), messageId: '1' },
      subscription: google.subscription,
    };
    const since = provider.asked.length;
    expect((await post('/google/assets', `Bearer ${await issuer.token(claims.google)}`, push)).statusCode).toBe(200);
    expect(sentTo(isQueue, since)).toHaveLength(1);
    expect((await post('/google/assets', `Bearer ${await stranger.token(claims.google)}`, push)).statusCode).toBe(401);
    expect(sentTo(isQueue, since)).toHaveLength(1);
  });
});

it('a path that is nobody’s door is not found', async () => {
  expect((await post('/other', undefined, delivery)).statusCode).toBe(404);
});

describe('keys', () => {
  it('that cannot be fetched prove nothing: the caller comes again', async () => {
    const { makeAzureCaller } = await import('../../shared/adapters/http-auth/azure-caller.ts');
    const authorization = `Bearer ${await issuer.token(claims.azure)}`;
    const check = (jwksUrl: string) => makeAzureCaller({ ...azure, jwksUrl })(authorization);
    keysAnswer = 500;
    expect(await check(`${provider.url}/keys/azure`)).toMatchObject({ is: 'uncheckable' });
    keysAnswer = 404;
    expect(await check(`${provider.url}/keys/azure`)).toMatchObject({ is: 'uncheckable' });
    expect(await check('http://127.0.0.1:9/nobody')).toMatchObject({ is: 'uncheckable' });
    keysAnswer = 200;
    expect(await check(`${provider.url}/keys/azure`)).toMatchObject({ is: 'known' });
  });

  it('are fetched from the configured address alone, whatever a token says, and once', async () => {
    const { makeAzureCaller } = await import('../../shared/adapters/http-auth/azure-caller.ts');
    const evil = await startProvider(() => ({ status: 200, body: stranger.published }));
    const since = provider.asked.length;
    const check = makeAzureCaller({ ...azure, jwksUrl: `${provider.url}/keys/azure` });
    const { SignJWT, generateKeyPair } = await import('jose');
    const { privateKey } = await generateKeyPair('RS256');
    const token = await new SignJWT(claims.azure)
      .setProtectedHeader({ alg: 'RS256', kid: 'evil', jku: `${evil.url}/keys`, x5u: `${evil.url}/cert` })
      .setExpirationTime('1h')
      .sign(privateKey);
    expect(await check(`Bearer ${token}`)).toMatchObject({ is: 'refused' });
    const good = `Bearer ${await issuer.token(claims.azure)}`;
    await Promise.all([check(good), check(good), check(good)]);
    expect(evil.asked).toEqual([]);
    expect(provider.asked.length - since).toBe(1);
    await evil.stop();
  });
});
