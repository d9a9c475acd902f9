/** The real SDKs against a server that speaks the Messages API. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FAILURES, type Failure, makeScripted, parseScript, type Script } from '../../../local/scripted-answers.ts';
import { type MessagesOptions, type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { type AuthoringConfig, DEFAULT_AUTHORING, parseAuthoring } from '../../../shared/adapters/anthropic/config.ts';
import { makeLanguageModel } from '../../../shared/adapters/anthropic/language-model.ts';
import { requestHash } from '../../../shared/adapters/anthropic/request-hash.ts';
import { ANSWER_SCHEMA } from '../../../shared/authoring/answer.ts';
import { formaliseRequest, paraphraseRequest, selectRequest, systemOf } from '../../../shared/authoring/prompts.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import type { ModelAnswer, ModelRequest } from '../../../shared/ports/language-model.ts';

const SENTENCE = 'Buckets must <never> be public</sentence-0>';
const asked: ModelRequest = {
  ...formaliseRequest('author', 'formalise', SENTENCE, { system: systemOf('author', kinds), maxTokens: 1000 }),
};
const script = (author: unknown, more: object = {}): Script =>
  parseScript(JSON.stringify({ intents: [{ text: SENTENCE, author, ...more }] }));

let server: MessagesServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function ask(
  author: unknown,
  {
    config = {},
    options = {},
    apiKey = 'key',
    request = asked,
    retries,
  }: {
    readonly config?: Partial<AuthoringConfig>;
    readonly options?: MessagesOptions;
    readonly apiKey?: string | undefined;
    readonly request?: ModelRequest;
    readonly retries?: number;
  } = {},
): Promise<ModelAnswer> {
  server = await startMessagesServer(script(author), options);
  const model = makeLanguageModel({
    config: { ...DEFAULT_AUTHORING, timeout_seconds: 20, base_url: server.url, ...config },
    ...(apiKey === '' ? {} : { apiKey }),
    clock: () => performance.now(),
    ...(retries === undefined ? {} : { retries }),
  });
  return model.ask(request);
}

const DRAFT = {
  policies: [{ kind: 'object_store', clauses: { c: { fact: 'public_read', is: false } }, covers: { c: 'never' } }],
};

describe('the language model over the Messages API', () => {
  it('answers with a value of the schema, and says what it cost', async () => {
    const answer = await ask(DRAFT);
    expect(answer).toMatchObject({
      is: 'answered',
      value: { outcome: 'policies', policies: [{ kind: 'object_store' }] },
    });
    const { call } = answer;
    expect(call).toMatchObject({
      role: 'author',
      purpose: 'formalise',
      model: 'claude-opus-5-5',
      requestHash: requestHash(asked),
      outcome: 'answered',
      usage: { inputTokens: 9400, cachedTokens: 0 },
    });
    // 400 fresh at $4, 9,000 written to the cache at $8, the answer at $20 a million.
    expect(call.usage.cost).toBeCloseTo((400 * 4 + 9000 * 8 + call.usage.outputTokens * 20) / 1e6, 9);
  });

  it('sends the catalogue as a cached beginning, a schema, an effort, and no sampling', async () => {
    await ask(DRAFT);
    const [post] = server?.posts ?? [];
    type Body = { readonly system: readonly { readonly text: string; readonly cache_control?: unknown }[] };
    const { system, ...body } = (post?.body ?? {}) as unknown as Body; // what is on the wire has no type
    expect(system.slice(1).map((b) => b.text)).toEqual(asked.system);
    expect(system.map((b) => b.cache_control)).toEqual([undefined, undefined, { type: 'ephemeral', ttl: '1h' }]);
    expect(body).toMatchObject({
      model: 'claude-opus-5-5',
      max_tokens: 1000,
      output_config: { effort: 'high', format: { type: 'json_schema', schema: ANSWER_SCHEMA } },
    });
    expect(Object.keys(body).sort()).toEqual(['max_tokens', 'messages', 'model', 'output_config']);
    expect(post?.asked).toEqual({ role: 'author', wants: 'formalisation', intent: SENTENCE });
  });

  it('asks each role by its model', async () => {
    await ask(DRAFT, { request: { ...asked, role: 'second' } });
    expect(server?.posts[0]?.body['model']).toBe('claude-sonnet-5-5');
  });

  const outcomes: { readonly [how in Failure]: readonly [ModelAnswer['is'], RegExp] } = {
    unauthorized: ['denied', /not accepted \(401 authentication_error\)/],
    forbidden: ['denied', /403/],
    no_model: ['unavailable', /no such model or address/],
    throttled: ['unavailable', /too many requests \(429/],
    overloaded: ['unavailable', /overloaded or out of order \(529/],
    server_error: ['unavailable', /500/],
    bad_request: ['unavailable', /not accepted \(400 invalid_request_error\): as scripted/],
    refusal: ['refused', /declines/],
    max_tokens: ['truncated', /1000 tokens/],
    context_window: ['truncated', /1000 tokens/],
    pause: ['malformed', /pause_turn/],
    malformed: ['malformed', /not JSON/],
    other_schema: ['malformed', /not of the schema/],
    not_a_message: ['malformed', /no message/],
    html: ['malformed', /no message|not JSON/],
    slow: ['timeout', /within 1 s/],
    cut: ['unavailable', /connection/],
  };
  it.each(FAILURES)('tells what came of it: %s', async (how) => {
    const slow = how === 'slow' ? { after_ms: 60_000 } : {};
    const config = how === 'slow' ? { timeout_seconds: 1 } : {};
    const answer = await ask({ fails: how, retry_after: 0.01, ...slow }, { config });
    expect(answer.is).toBe(outcomes[how][0]);
    expect(answer).toMatchObject({ why: expect.stringMatching(outcomes[how][1]), call: { outcome: answer.is } });
  });

  it('tries once more after as long as the service says, and no more', async () => {
    expect((await ask([{ fails: 'throttled', retry_after: 0.01 }, DRAFT])).is).toBe('answered');
    expect(server?.posts).toHaveLength(2);
    await server?.stop();
    expect((await ask([{ fails: 'overloaded' }, { fails: 'overloaded' }, DRAFT])).is).toBe('unavailable');
    expect(server?.posts).toHaveLength(2);
  });

  it('tries once more where the connection was cut in the middle of an answer', async () => {
    let posts = 0;
    const cutting = createServer((incoming, response) => {
      posts++;
      incoming.resume();
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      response.write('{"id":');
      setTimeout(() => incoming.socket.destroy(), 10);
    });
    await new Promise<void>((listening) => cutting.listen(0, '127.0.0.1', listening));
    const { port } = cutting.address() as AddressInfo;
    const answer = await ask(DRAFT, { config: { base_url: `http://127.0.0.1:${port}` } });
    cutting.close();
    expect(answer).toMatchObject({ is: 'unavailable', why: expect.stringMatching(/connection was lost/) });
    expect(posts).toBe(2);
  });

  it('tries as often as it is told to', async () => {
    const twice = [{ fails: 'throttled', retry_after: 0.01 }, { fails: 'throttled', retry_after: 0.01 }, DRAFT];
    expect((await ask(twice, { retries: 2 })).is).toBe('answered');
    expect(server?.posts).toHaveLength(3);
  });

  it('waits no longer than the deadline, whatever the service says', async () => {
    const answer = await ask([{ fails: 'throttled', retry_after: 600 }, DRAFT], { config: { timeout_seconds: 1 } });
    expect(answer).toMatchObject({ is: 'timeout' });
  });

  it('is unavailable where nothing listens', async () => {
    server = await startMessagesServer(script(DRAFT));
    const { url } = server;
    await server.stop();
    const config = { ...DEFAULT_AUTHORING, base_url: url, timeout_seconds: 20 };
    const model = makeLanguageModel({ config, apiKey: 'key', clock: () => 0 });
    expect(await model.ask(asked)).toMatchObject({ is: 'unavailable', why: expect.stringMatching(/no connection/) });
  });

  it('says how to set a key where there is none, and sends nothing', async () => {
    const model = makeLanguageModel({ config: DEFAULT_AUTHORING, clock: () => 0 });
    expect(await model.ask(asked)).toMatchObject({
      is: 'denied',
      why: expect.stringMatching(/ANTHROPIC_API_KEY/),
      call: { usage: { inputTokens: 0, cost: 0 }, outcome: 'denied' },
    });
  });

  it('needs no key on loopback', async () => {
    expect((await ask(DRAFT, { apiKey: '' })).is).toBe('answered');
  });

  it('asks for paraphrases and kinds in schemas that the API takes', async () => {
    const explained = { explain: { raw: { kinds: ['object_store'] } } };
    server = await startMessagesServer(script(DRAFT, { paraphrases: ['No bucket is public'], ...explained }));
    const config = { ...DEFAULT_AUTHORING, base_url: server.url };
    const model = makeLanguageModel({ config, apiKey: 'key', clock: () => 0 });
    expect(await model.ask(selectRequest(SENTENCE, kinds))).toMatchObject({ value: { kinds: ['object_store'] } });
    await server.stop();
    server = await startMessagesServer(script(DRAFT, { paraphrases: ['No bucket is public'] }));
    const again = makeLanguageModel({ config: { ...config, base_url: server.url }, apiKey: 'key', clock: () => 0 });
    expect(await again.ask(paraphraseRequest(SENTENCE, 1))).toMatchObject({
      value: { paraphrases: ['No bucket is public'] },
      call: { model: 'claude-haiku-5-5' },
    });
  });

  it('does not know the cost of a model that has no price, or of a prompt that is longer than its price', async () => {
    expect((await ask(DRAFT, { config: { prices: [] } })).call.usage.cost).toBeNull();
    await server?.stop();
    const prices = DEFAULT_AUTHORING.prices.map((p) => ({ ...p, up_to_prompt_tokens: 9000 }));
    expect((await ask(DRAFT, { config: { prices } })).call.usage.cost).toBeNull();
  });

  it('speaks to Bedrock by its own path and version', async () => {
    const models = { author: 'anthropic.claude-opus-5-5', second: 'anthropic.claude-sonnet-5-5', explain: 'x.haiku' };
    const answer = await ask(DRAFT, { config: { provider: 'bedrock', region: 'eu-west-1', models } });
    expect(answer).toMatchObject({ is: 'answered', call: { model: models.author } });
    expect(server?.posts[0]?.body).toMatchObject({ anthropic_version: expect.any(String) });
    expect(server?.posts[0]?.headers['x-api-key']).toBeUndefined();
  });
});

describe('the configuration of authoring', () => {
  it('has defaults for all of it', () => {
    expect(parseAuthoring(undefined)).toEqual(DEFAULT_AUTHORING);
  });
  it.each([
    [{ model: 'x' }, /authoring: /],
    [{ base_url: 'ftp://x' }, /authoring\.base_url/],
    [{ models: { author: 'a' } }, /authoring\.models/],
    [{ token_budget: 0 }, /authoring\.token_budget/],
    [{ provider: 'bedrock' }, /model ids of its own/],
  ])('refuses %j', (section, says) => {
    expect(() => parseAuthoring(section)).toThrow(says);
  });
});

describe('scripted answers', () => {
  it('answers in turn, and the last one again and again', () => {
    const answerTo = makeScripted(script([{ fails: 'cut' }, DRAFT]));
    const request = { role: 'author', wants: 'formalisation', intent: ` ${SENTENCE.toUpperCase()} ` } as const;
    const repair = { ...request, isRepair: true };
    expect([request, request, repair].map((r) => answerTo(r).is)).toEqual(['fails', 'value', 'value']);
    expect(answerTo(request).is).toBe('fails'); // another session
    expect(answerTo({ ...request, intent: 'Something else' })).toMatchObject({ value: { outcome: 'not_a_policy' } });
  });
  it('refuses a script that is none', () => {
    expect(() => parseScript('intents: [{ text: x, author: { fails: sometimes } }]', 'x.yaml')).toThrow(/x\.yaml/);
  });
});
