/**
 * The language model over the Messages API: Anthropic's own, or Amazon Bedrock's, by configuration.
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs and …/prompt-caching, read 2026-11-25.
 */
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import Anthropic, {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
} from '@anthropic-ai/sdk';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { LanguageModel, ModelAnswer, ModelRequest, ModelUsage } from '../../ports/language-model.ts';
import { isLoopback } from '../../runtime/address.ts';
import type { AuthoringConfig, Price } from './config.ts';
import { FENCE_RULE, fence } from './fence.ts';
import { requestHash, unsent } from './request-hash.ts';

export interface LanguageModelDeps {
  readonly config: AuthoringConfig;
  /** The key of the API (Anthropic). Bedrock: absent means AWS's own chain of credentials. */
  readonly apiKey?: string;
  /** Milliseconds, to measure with. */
  readonly clock: () => number;
  /**
   * How often a request is sent again after 408, 409, 429, 5xx or a lost connection, within the one deadline.
   * @default 1
   */
  readonly retries?: number;
}

/** How to get a key, for whoever has none. */
const NO_KEY =
  'no key for the language model is set: put one into ANTHROPIC_API_KEY (https://platform.claude.com/settings/keys), or name another provider or address in the section authoring of edict.config.yaml. Without a model, edict author --from-clauses <file> takes clauses that are written already; everything else works as it is';

/** What both SDKs have. */
interface Client {
  readonly messages: {
    create(
      body: Anthropic.MessageCreateParamsNonStreaming,
      options: { readonly signal: AbortSignal },
    ): PromiseLike<Anthropic.Message>;
  };
}

function clientOf({ config, apiKey, retries = 1 }: LanguageModelDeps): Client | undefined {
  // Our key goes to the configured server, and to none that it points at.
  const fetchOptions = { redirect: 'error' as const };
  const options = {
    maxRetries: retries,
    timeout: config.timeout_seconds * 1000,
    logLevel: 'off' as const,
    fetchOptions,
  };
  const baseURL = config.base_url === undefined ? {} : { baseURL: config.base_url };
  if (config.provider === 'bedrock') {
    const region = config.region === undefined ? {} : { awsRegion: config.region };
    return new AnthropicBedrock({ ...options, ...baseURL, ...region, ...(apiKey === undefined ? {} : { apiKey }) });
  }
  // Loopback has nobody to keep out: a stand-in or a proxy there needs no key.
  const key = apiKey ?? (isLoopback(config.base_url) ? 'none' : undefined);
  return key === undefined ? undefined : new Anthropic({ ...options, ...baseURL, apiKey: key, authToken: null });
}

/** A language model by configuration. Nothing is kept between calls but the connection. */
export function makeLanguageModel(deps: LanguageModelDeps): LanguageModel {
  const { config, clock } = deps;
  const { retries = 1 } = deps;
  const client = clientOf(deps);
  const fits = shapeChecker();
  return {
    async ask(request) {
      const model = config.models[request.role];
      if (client === undefined) return unsent(request, model, 'denied', NO_KEY);
      const started = clock();
      const { answer, usage } = await outcomeOf(client, request, config, fits, retries);
      const { role, purpose } = request;
      const ms = Math.round(clock() - started);
      const call = { role, purpose, model, requestHash: requestHash(request), usage, ms, outcome: answer.is };
      return { ...answer, call };
    },
  };
}

type Outcome =
  | { readonly is: 'answered'; readonly value: unknown }
  | { readonly is: Exclude<ModelAnswer['is'], 'answered'>; readonly why: string };
type FitsSchema = (schema: ModelRequest['schema'], value: unknown) => string | undefined;

const NOTHING: ModelUsage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, cost: 0 };

async function outcomeOf(
  client: Client,
  request: ModelRequest,
  config: AuthoringConfig,
  fits: FitsSchema,
  retries: number,
): Promise<{ readonly answer: Outcome; readonly usage: ModelUsage }> {
  // One deadline for everything: the SDK's own is for each attempt, and not for the waits between.
  const signal = AbortSignal.timeout(config.timeout_seconds * 1000);
  let message: Anthropic.Message;
  try {
    message = await sentAgainWhereCut(
      () => client.messages.create(bodyOf(request, config), { signal }),
      signal,
      retries,
    );
  } catch (error) {
    return { answer: failureOf(error, signal, config), usage: NOTHING };
  }
  if (!isMessage(message))
    return { answer: { is: 'malformed', why: 'the answer is no message of the Messages API' }, usage: NOTHING };
  return {
    answer: answerOf(message, request, fits),
    usage: usageOf(message.usage, config.models[request.role], config),
  };
}

/** The SDK sends again what was lost before there was an answer; not what was cut while its body was read (fetch's `TypeError`). */
async function sentAgainWhereCut<T>(send: () => PromiseLike<T>, signal: AbortSignal, retries: number): Promise<T> {
  for (let left = retries; ; left--) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof TypeError) || signal.aborted || left <= 0) throw error;
    }
  }
}

/** The request on the wire. No sampling parameters: they are refused. */
function bodyOf(request: ModelRequest, config: AuthoringConfig): Anthropic.MessageCreateParamsNonStreaming {
  const system = [FENCE_RULE, ...request.system].map((text) => ({ type: 'text' as const, text }));
  const last = system.length - 1;
  return {
    model: config.models[request.role],
    max_tokens: request.maxTokens,
    // The catalogue is the same for an hour and longer: what comes after it is not cached.
    system: system.map((b, i) => (i === last ? { ...b, cache_control: { type: 'ephemeral', ttl: '1h' } } : b)),
    messages: [
      { role: 'user', content: request.prompt.map((part) => ({ type: 'text' as const, text: textOf(part) })) },
    ],
    output_config: {
      effort: config.effort[request.role],
      format: { type: 'json_schema', schema: { ...request.schema } },
    },
  };
}

function textOf(part: ModelRequest['prompt'][number]): string {
  switch (part.is) {
    case 'instructions':
      return part.text;
    case 'intent':
      return fence('sentence', 'sentence', part.text);
    case 'untrusted':
      return fence('data', part.label, part.text);
  }
}

const isMessage = (m: Anthropic.Message | undefined): m is Anthropic.Message =>
  typeof m === 'object' && m !== null && Array.isArray(m.content) && typeof m.usage === 'object' && m.usage !== null;

function answerOf(message: Anthropic.Message, { schema, maxTokens }: ModelRequest, fits: FitsSchema): Outcome {
  const { stop_reason: stop } = message;
  if (stop === 'refusal') return { is: 'refused', why: 'the model declines' };
  if (stop === 'max_tokens' || stop === 'model_context_window_exceeded')
    return { is: 'truncated', why: `the answer does not end within ${maxTokens} tokens` };
  if (stop !== 'end_turn') return { is: 'malformed', why: `the answer ends by ${String(stop)}` };
  const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { is: 'malformed', why: 'the answer is not JSON' };
  }
  const problem = fits(schema, value);
  return problem === undefined ? { is: 'answered', value } : { is: 'malformed', why: problem };
}

/** Says what does not fit a schema. A schema is compiled once. */
function shapeChecker(): FitsSchema {
  const ajv = new Ajv2020({ strict: false, logger: false });
  const compiled = new WeakMap<object, ValidateFunction>();
  return (schema, value) => {
    const validate = compiled.get(schema) ?? ajv.compile({ ...schema });
    compiled.set(schema, validate);
    if (validate(value)) return undefined;
    const [error] = validate.errors ?? [];
    return `the answer is not of the schema: ${error?.instancePath === '' ? 'it' : error?.instancePath} ${error?.message ?? ''}`;
  };
}

/** What the API or the network did, by class: never by message. */
function failureOf(error: unknown, signal: AbortSignal, config: AuthoringConfig): Outcome {
  const seconds = config.timeout_seconds;
  if (signal.aborted || error instanceof APIUserAbortError || error instanceof APIConnectionTimeoutError)
    return { is: 'timeout', why: `no answer within ${seconds} s` };
  if (error instanceof APIConnectionError) return { is: 'unavailable', why: `no connection: ${causeOf(error)}` };
  if (error instanceof APIError && typeof error.status === 'number') {
    const said = `${error.status}${typeof error.type === 'string' ? ` ${error.type}` : ''}`;
    if (error.status === 401 || error.status === 403)
      return {
        is: 'denied',
        why: `the key is not accepted (${said}): check ANTHROPIC_API_KEY, or the credentials of AWS`,
      };
    if (error.status === 404)
      return {
        is: 'unavailable',
        why: `there is no such model or address (${said}): check authoring.models and base_url`,
      };
    if (error.status === 429) return { is: 'unavailable', why: `too many requests (${said})` };
    if (error.status >= 500) return { is: 'unavailable', why: `the service is overloaded or out of order (${said})` };
    return { is: 'unavailable', why: `the request is not accepted (${said}): ${short(error.apiMessage ?? '')}` };
  }
  // The chain of AWS credentials ends with nothing.
  if (error instanceof Error && error.name === 'CredentialsProviderError')
    return {
      is: 'denied',
      why: 'there are no credentials of AWS for Bedrock: set AWS_BEARER_TOKEN_BEDROCK, or sign in',
    };
  if (error instanceof SyntaxError) return { is: 'malformed', why: 'the answer of the service is not JSON' };
  // A connection that is cut while the body is read, and whatever else happens below.
  return { is: 'unavailable', why: `the connection was lost: ${causeOf(error)}` };
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it is not known why';
  const { cause } = error;
  return cause instanceof Error ? causeOf(cause) : short((error as { code?: string }).code ?? error.message);
}
const short = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, 200);

/** Everything that was read counts as input, whether or not from the cache. */
function usageOf(usage: Anthropic.Usage, model: string, config: AuthoringConfig): ModelUsage {
  const fresh = usage.input_tokens ?? 0;
  const cached = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  const output = usage.output_tokens ?? 0;
  const inputTokens = fresh + cached + written;
  const price = config.prices.find((p) => p.model === model);
  const cost = price === undefined ? null : costOf(price, { fresh, cached, written, output, inputTokens });
  return { inputTokens, cachedTokens: cached, outputTokens: output, cost };
}

interface Counted {
  readonly fresh: number;
  readonly cached: number;
  readonly written: number;
  readonly output: number;
  readonly inputTokens: number;
}
function costOf(price: Price, { fresh, cached, written, output, inputTokens }: Counted): number | null {
  if (price.up_to_prompt_tokens !== undefined && inputTokens > price.up_to_prompt_tokens) return null;
  const { input, cache_read, cache_write } = price;
  return (fresh * input + cached * cache_read + written * cache_write + output * price.output) / 1_000_000;
}
