import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../shared/model/json.ts';
import { REDACTED, redact, redactText } from '../../shared/model/redact.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';
import { type Doc, makeWorld, testForm } from '../support/world.ts';

/** Made up, in the forms in which their issuers write them. */
const SECRETS = [
  'AKIAQ7PLANTED0SECRET',
  'ghp_pLaNtEdSeCrEt0123456789abcdefghijkl',
  'xoxb-1234567890-plantedsecret',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2VjcmV0c2lnbmF0dXJl',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIplantedsecret\n-----END RSA PRIVATE KEY-----',
  'DefaultEndpointsProtocol=https;AccountKey=cGxhbnRlZHNlY3JldHBsYW50ZWQ=;EndpointSuffix=core.windows.net',
  'postgres://admin:plantedsecret@db.example.com/x',
  'https://store.blob.core.windows.net/c?sv=1&sig=plantedsecret%3D',
  'password=plantedsecret',
] as const;
/** What must not be seen of them. */
const needles = [
  'PLANTED0SECRET',
  'pLaNtEdSeCrEt',
  'plantedsecret',
  'c2VjcmV0c2lnbmF0dXJl',
  'cGxhbnRlZHNlY3JldHBsYW50ZWQ',
];
const SECRET_KEYS = [
  'MasterUserPassword',
  'secretString',
  'api_key',
  'connectionString',
  'clientSecret',
  'UserData',
  'adminPassword',
];

const shows = (text: string): string | undefined =>
  needles.find((n) => text.includes(n) || text.includes(JSON.stringify(n).slice(1, -1)));

/** A document with a secret somewhere: recognised by its shape anywhere, by its name where it has no shape. */
const plantedArb: fc.Arbitrary<Json> = fc
  .record({
    body: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
    shaped: fc.constantFrom(...SECRETS),
    at: fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 3 }),
    key: fc.constantFrom(...SECRET_KEYS),
    where: fc.constantFrom('shape', 'name', 'variables', 'pair', 'text', 'list'),
    around: fc.string({ maxLength: 10 }),
  })
  .map(({ body, shaped, at, key, where, around }) => {
    const planted = {
      shape: { description: `${around} ${shaped} ${around}` },
      name: { [key]: 'plantedsecret' },
      variables: { environment: { variables: { ANYTHING: 'plantedsecret' } } },
      pair: { parameters: [{ name: key, value: 'plantedsecret' }] },
      text: { policy: JSON.stringify({ nested: [{ [key]: 'plantedsecret' }, shaped] }) },
      list: { [key]: ['plantedsecret', 'plantedsecret'] },
    }[where];
    let document: Json = { ...planted, body };
    for (const segment of at) document = { [segment]: document, other: [document] };
    return document;
  });

describe('secrets', () => {
  it('are taken out of any document, wherever they stand', () => {
    fc.assert(
      fc.property(plantedArb, (document) => {
        const clean = JSON.stringify(redact(document));
        expect(shows(clean)).toBeUndefined();
        expect(clean).toContain(REDACTED);
        // Once is enough, and nothing more goes.
        expect(JSON.stringify(redact(JSON.parse(clean) as Json))).toBe(clean);
      }),
      { numRuns: 1000 },
    );
  });

  it('leave what is none as it is, the very object', () => {
    const documents: Json[] = [
      { encryption: { keyName: 'orders', tokens: 7, httpTokens: 'required', passwordPolicy: { minimumLength: 12 } } },
      { kmsKeyId: 'arn:aws:kms:eu-central-1:111122223333:key/3f6c', secretArn: 'arn:aws:secretsmanager:x', secret: '' },
      {
        tags: [{ key: 'owner', value: 'team-a' }],
        ports: '22-443',
        url: 'https://example.com/a?b=c',
        versioning: 'Enabled',
      },
      { authToken: 'disabled', environment: 'production', policy: '{"Version":"2012-10-17"}' },
      JSON.parse('{"__proto__": {"password": true}}') as Json,
    ];
    for (const document of documents) expect(redact(document)).toBe(document);
  });

  it('end nowhere: not in the change, an item, a finding, an event, the queue or the quarantine', async () => {
    await fc.assert(
      fc.asyncProperty(plantedArb, fc.constantFrom('judged', 'quarantined', 'formless'), async (planted, fate) => {
        const world = makeWorld();
        await world.activate();
        const observe = makeObserve({ forms: [testForm], quarantine: world.quarantine });
        const doc: Doc = {
          type: 'Test::Store',
          id: 's1',
          at: 0,
          body: { open: true, ...(planted as object) },
          tags: { note: SECRETS[0], api_key: 'plantedsecret' },
          ...(fate === 'quarantined' ? { orderKey: '' } : {}),
        };
        const { changes } = await observe({
          source: 'aws.config',
          origin: 'event',
          receivedAt: '2026-11-25T09:00:00.000Z',
          // The test document is plain JSON by construction.
          document: fate === 'formless' ? planted : (doc as unknown as Json),
          ...(fate === 'formless' ? {} : { form: 'test' }),
        });
        await world.deliver(...changes);
        await world.drain();
        const everywhere = JSON.stringify([
          changes,
          world.resources.all(),
          await Promise.all(world.resources.all().map((r) => world.resources.evidence(r))),
          world.findings.all(),
          world.bus.events,
          world.rejudge.take(),
          [...world.quarantine.kept.values()],
        ]);
        expect(shows(everywhere)).toBeUndefined();
        expect([fate, world.resources.all().length, world.quarantine.kept.size]).toEqual(
          fate === 'judged' ? [fate, 1, 0] : [fate, 0, 1],
        );
      }),
      { numRuns: 300 },
    );
  });

  it('are found after any number of texts that only begin like one', () => {
    const token = `eyJ${'h'.repeat(1000)}.eyJzdWIiOiJhIn0.signature`;
    const text = `${'eyJ-'.repeat(30_000)} ${token}`;
    expect(redactText(text).endsWith(` ${REDACTED}`)).toBe(true);
  });

  it('are found in a text that is no document', () => {
    for (const secret of SECRETS) expect(shows(redactText(`before ${secret} after`))).toBeUndefined();
    expect(redactText('nothing to see')).toBe('nothing to see');
  });
});
