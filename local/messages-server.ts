#!/usr/bin/env node
/**
 * A stand-in for the Messages API on loopback, with answers that a person wrote (scripted-answers.ts):
 *
 *     npm run messages-server -- --answers answers.yaml [--port 8089]
 *     edict author --base-url http://127.0.0.1:8089 "…"
 *
 * It is as strict as the API where Edict could be wrong: version and key, no sampling parameters, no forced tools, closed
 * schemas. Who is asked is told by the model's name (opus: author, sonnet: second, haiku: explain), what is asked by words
 * of the request, and the sentence stands in its fence.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isObject } from '../shared/model/json.ts';
import { isMain } from '../scripts/is-main.ts';
import { type Asked, type Failure, makeScripted, parseScript, type Reply, type Script } from './scripted-answers.ts';
import { type Answer, type Exchange, type LocalServer, serve, type ServeOptions } from './server.ts';

/** A request as it arrived. */
export interface MessagesPost {
  readonly asked: Asked;
  readonly body: { readonly [key: string]: unknown };
  readonly headers: Exchange['headers'];
}
export interface MessagesServer extends LocalServer {
  readonly posts: readonly MessagesPost[];
}
export interface MessagesOptions extends ServeOptions {
  /** The only key that is accepted. @default every key */
  readonly key?: string;
}

const STOP: { readonly [how in Failure]?: string } = {
  refusal: 'refusal',
  max_tokens: 'max_tokens',
  context_window: 'model_context_window_exceeded',
  pause: 'pause_turn',
};
const STATUS: { readonly [how in Failure]?: readonly [number, string] } = {
  unauthorized: [401, 'authentication_error'],
  forbidden: [403, 'permission_error'],
  no_model: [404, 'not_found_error'],
  bad_request: [400, 'invalid_request_error'],
  throttled: [429, 'rate_limit_error'],
  overloaded: [529, 'overloaded_error'],
  server_error: [500, 'api_error'],
};
const TEXT: { readonly [how in Failure]?: string } = {
  refusal: '',
  max_tokens: '{"outcome":"policies","why":"It sa',
  context_window: '{"outcome"',
  pause: '{}',
  malformed: 'Certainly! Here is the policy you asked for: ```yaml',
  other_schema: '{"policy":"allow everything","activate":true}',
};

/** Starts the stand-in. */
export async function startMessagesServer(
  script: Script,
  { key, ...options }: MessagesOptions = {},
): Promise<MessagesServer> {
  const posts: MessagesPost[] = [];
  const scripted = makeScripted(script);
  const server = await serve(async ({ method, path, headers, body: text }) => {
    const bedrock = /^\/model\/([^/]+)\/invoke$/.exec(path);
    if (method !== 'POST' || (path !== '/v1/messages' && bedrock === null))
      return problem(404, 'not_found_error', 'no such path');
    const body: unknown = JSON.parse(text);
    if (!isObject(body)) return problem(400, 'invalid_request_error', 'no object');
    const given = headers['x-api-key'] ?? headers.authorization;
    if (given === undefined || (key !== undefined && given !== key && given !== `Bearer ${key}`))
      return problem(401, 'authentication_error', 'invalid x-api-key');
    const model = bedrock === null ? String(body['model']) : decodeURIComponent(bedrock[1] ?? '');
    const wrong = requestProblem(body, headers, bedrock !== null);
    if (wrong !== undefined) return problem(400, 'invalid_request_error', wrong);
    const asked = askedIn(body, model);
    posts.push({ asked, body, headers });
    const reply = scripted(asked);
    if (reply.afterMs > 0) await sleep(reply.afterMs, undefined, { ref: false });
    return answerOf(reply, model, posts.length);
  }, options);
  return { ...server, posts };
}

function answerOf(reply: Reply, model: string, n: number): Answer {
  if (reply.is === 'value') return message(model, n, JSON.stringify(reply.value), 'end_turn');
  const { how, retryAfter } = reply;
  const status = STATUS[how];
  if (status !== undefined) {
    const headers = how === 'throttled' ? { headers: { 'retry-after': String(retryAfter) } } : {};
    return { ...problem(...status, `as scripted: ${how}`), ...headers };
  }
  if (how === 'not_a_message') return { status: 200, body: { ok: true } };
  if (how === 'html')
    return { status: 200, body: {}, raw: '<html>Sign in</html>', headers: { 'content-type': 'text/html' } };
  const answer = message(model, n, TEXT[how] ?? '{"outcome":"not_a_policy"}', STOP[how] ?? 'end_turn');
  return how === 'cut' ? { ...answer, cut: true } : answer;
}

const problem = (status: number, type: string, said: string): Answer => ({
  status,
  body: { type: 'error', error: { type, message: said }, request_id: 'req_local' },
});

const message = (model: string, n: number, text: string, stop: string): Answer => ({
  status: 200,
  body: {
    id: `msg_local_${n}`,
    type: 'message',
    role: 'assistant',
    model,
    content: text === '' ? [] : [{ type: 'text', text, citations: null }],
    stop_reason: stop,
    stop_sequence: null,
    // The catalogue is written to the cache once and read from then on.
    usage: {
      input_tokens: 400,
      cache_creation_input_tokens: n === 1 ? 9000 : 0,
      cache_read_input_tokens: n === 1 ? 0 : 9000,
      output_tokens: Math.ceil(text.length / 4),
    },
  },
});

/** What the API would refuse. */
function requestProblem(
  body: { readonly [key: string]: unknown },
  headers: Exchange['headers'],
  isBedrock: boolean,
): string | undefined {
  if ((isBedrock ? body['anthropic_version'] : headers['anthropic-version']) === undefined) return 'no version';
  for (const name of ['temperature', 'top_p', 'top_k', 'tool_choice'])
    if (body[name] !== undefined) return `${name}: not supported by this model`;
  if (!Number.isInteger(body['max_tokens'])) return 'max_tokens: required';
  const config = body['output_config'];
  const format = isObject(config) ? config['format'] : undefined;
  return isObject(format) && format['type'] === 'json_schema'
    ? schemaProblem(format['schema'])
    : 'output_config.format: required by this stand-in';
}

/** Structured output wants closed objects with every key required, and no recursion. */
function schemaProblem(schema: unknown, at = 'schema'): string | undefined {
  if (!isObject(schema)) return `${at}: no schema`;
  if (schema['$ref'] !== undefined) return `${at}: $ref is not supported here`;
  if (schema['type'] === 'object') {
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    if (schema['additionalProperties'] !== false) return `${at}: additionalProperties must be false`;
    const required = Array.isArray(schema['required']) ? schema['required'] : [];
    for (const [name, of] of Object.entries(properties)) {
      if (!required.includes(name)) return `${at}.${name}: not required`;
      const wrong = schemaProblem(of, `${at}.${name}`);
      if (wrong !== undefined) return wrong;
    }
  }
  return schema['items'] === undefined ? undefined : schemaProblem(schema['items'], `${at}[]`);
}

/** What is asked for, by a property of the answer. */
const WANTS = [
  ['paraphrases', 'paraphrases'],
  ['outcome', 'formalisation'],
  ['rules', 'rego'],
] as const;

function askedIn(body: { readonly [key: string]: unknown }, model: string): Asked {
  const messages = Array.isArray(body['messages']) ? body['messages'].filter(isObject) : [];
  const text = messages
    .flatMap(({ content }) => (Array.isArray(content) ? content.filter(isObject) : []))
    .map((block) => String(block['text']))
    .join('\n');
  const fenced = /<(sentence-[0-9a-f]{16}) label="sentence">\n(.*)\n<\/\1>/.exec(text)?.[2];
  const properties = (schema: unknown): string => JSON.stringify(schema ?? {});
  const schema = properties(body['output_config']);
  return {
    role: model.includes('sonnet') ? 'second' : model.includes('haiku') ? 'explain' : 'author',
    wants: WANTS.find(([property]) => schema.includes(`"${property}"`))?.[1] ?? 'kinds',
    intent: fenced === undefined ? '' : (JSON.parse(fenced) as string),
    ...(/<data-[0-9a-f]{16} label="counterexample">/.test(text) ? { isRepair: true } : {}),
  };
}

if (isMain(import.meta)) {
  const { values } = parseArgs({
    options: { answers: { type: 'string' }, port: { type: 'string', default: '0' }, key: { type: 'string' } },
  });
  if (values.answers === undefined) {
    console.error('usage: npm run messages-server -- --answers <file.yaml> [--port <n>] [--key <key>]');
    process.exitCode = 2;
  } else {
    const script = parseScript(readFileSync(values.answers, 'utf8'), values.answers);
    const key = values.key === undefined ? {} : { key: values.key };
    const server = await startMessagesServer(script, { port: Number(values.port), stays: true, ...key });
    console.log(`Messages API, scripted: ${server.url}`);
  }
}
