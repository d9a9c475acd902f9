/**
 * What each function wants in its environment: the contract between the stacks and the functions. The stacks type their
 * functions' environments by it, so a forgotten variable is a compile error; a function parses it once, at init, so a
 * wrong one is a crash with a sentence and not a surprise at the first event.
 */
import * as z from 'zod';
import { AppError } from '../model/errors.ts';
import { refusedAddress } from './address.ts';

const name = z.string().min(1);
const url = z.url();
/** A variable that holds JSON of this shape. */
const json = <S extends z.ZodType>(schema: S) =>
  z
    .string()
    .transform((text, ctx): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        ctx.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** The application id of Event Grid in Microsoft's public cloud: who calls our webhook. https://learn.microsoft.com/en-us/azure/event-grid/secure-webhook-delivery, read 2026-11-25. */
export const EVENT_GRID_APPLICATION_ID = '4962773b-9cdb-44cf-a8bf-237846a00ab7';

/** Who may deliver Azure events. `issuers` are those of the tenant, v1 and v2; keys are fetched from `jwksUrl` and nowhere else. */
export const azureCallers = z.strictObject({
  tenantId: name,
  audience: name,
  issuers: z.array(url).min(1),
  jwksUrl: url,
  applicationId: name.default(EVENT_GRID_APPLICATION_ID),
  role: name.default('AzureEventGridSecureWebhookSubscriber'),
  /** Lower-case subscription ids whose events are accepted. */
  subscriptions: z.array(z.string().toLowerCase().min(1)).min(1),
});
export type AzureCallers = z.output<typeof azureCallers>;

/** Who may push Google asset feeds: one service account, through one Pub/Sub subscription. */
export const googleCallers = z.strictObject({
  audience: name,
  issuers: z.array(name).min(1),
  jwksUrl: url,
  serviceAccount: name,
  /** `projects/<project>/subscriptions/<name>`, exactly as the push message names it. */
  subscription: z.string().regex(/^projects\/[^/]+\/subscriptions\/[^/]+$/),
});
export type GoogleCallers = z.output<typeof googleCallers>;

/** How other AWS accounts are read: by this role of theirs, which trusts the evaluator with this external id. Without it, this account alone is read. */
export const awsReader = z.strictObject({
  role: z.string().regex(/^[\w+=,.@-]{1,64}$/),
  externalId: z.string().regex(/^[\w+=,.@:/-]{8,1224}$/),
});
export type AwsReader = z.output<typeof awsReader>;

/** How Azure is read: `federated` trades a token of this AWS account for one of the tenant; `none` sends no token and is for a server on this machine. */
export const azureReader = z.strictObject({
  tenantId: name,
  clientId: name,
  endpoint: url.default('https://management.azure.com'),
  authority: url.default('https://login.microsoftonline.com'),
  credential: z.enum(['federated', 'none']).default('federated'),
  subscriptions: z.array(z.string().toLowerCase().min(1)),
});
export type AzureReader = z.output<typeof azureReader>;

/** How Google is read, by workload identity federation with this AWS account (`credentials` is the external-account configuration, which holds no secret). */
export const googleReader = z.strictObject({
  /** `organizations/…`, `folders/…` or `projects/…`. */
  scope: z.string().regex(/^(organizations|folders|projects)\/[^/]+$/),
  endpoint: url.default('https://cloudasset.googleapis.com'),
  credentials: z.record(z.string(), z.unknown()).nullable().default(null),
});
export type GoogleReader = z.output<typeof googleReader>;

/** Which models draft policies: the part of the section `authoring` of edict.config.yaml that a deployment says, under its names there. */
export const authoringModels = z.strictObject({
  provider: z.enum(['anthropic', 'bedrock']),
  base_url: url.optional(),
  models: z.strictObject({ author: name, second: name, explain: name }).optional(),
  token_budget: z.int().positive().optional(),
});
export type AuthoringModels = z.output<typeof authoringModels>;

const base = {
  EDICT_STAGE: name,
  /** `true` only in the local context. */
  EDICT_LOCAL: z.stringbool().default(false),
  LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
};

/** The contract of each function, by its name. */
export const environments = {
  ingest: z.object({
    ...base,
    CHANGES_QUEUE_URL: url,
    QUARANTINE_BUCKET: name,
    AZURE_CALLERS: json(azureCallers).optional(),
    GOOGLE_CALLERS: json(googleCallers).optional(),
  }),
  evaluate: z.object({
    ...base,
    RESOURCES_TABLE: name,
    POLICIES_TABLE: name,
    QUARANTINE_BUCKET: name,
    CHANGES_QUEUE_URL: url,
    /** Where what was observed is kept; without it, nothing is. */
    ARCHIVE_STREAM: name.optional(),
    AWS_READER: json(awsReader).optional(),
    AZURE_READER: json(azureReader).optional(),
  }),
  project: z.object({
    ...base,
    RESOURCES_TABLE: name,
    FINDINGS_TABLE: name,
    POLICIES_TABLE: name,
    BUS_NAME: name,
    RE_JUDGE_QUEUE_URL: url,
    PROJECTION_QUEUE_URL: url,
  }),
  'notify-slack': z.object({
    ...base,
    FINDINGS_TABLE: name,
    POLICIES_TABLE: name,
    SLACK_SECRET: name,
    SLACK_URL: url.default('https://slack.com/api'),
  }),
  'slack-actions': z.object({
    ...base,
    RESOURCES_TABLE: name,
    FINDINGS_TABLE: name,
    POLICIES_TABLE: name,
    SLACK_SECRET: name,
    SLACK_URL: url.default('https://slack.com/api'),
  }),
  're-judge': z.object({
    ...base,
    RESOURCES_TABLE: name,
    POLICIES_TABLE: name,
    BUS_NAME: name,
    QUARANTINE_BUCKET: name,
    RE_JUDGE_QUEUE_URL: url,
  }),
  sweep: z.object({
    ...base,
    CHANGES_QUEUE_URL: url,
    RESOURCES_TABLE: name,
    FINDINGS_TABLE: name,
    QUARANTINE_BUCKET: name,
    BUS_NAME: name,
    AWS_AGGREGATOR: name.optional(),
    AZURE_READER: json(azureReader).optional(),
    GOOGLE_READER: json(googleReader).optional(),
  }),
  canary: z.object({
    ...base,
    RESOURCES_TABLE: name,
    INGEST_FUNCTION: name,
    /** Whether Azure tells us: then the canary takes that path too. */
    AZURE_PATH: z.stringbool().default(false),
    /** The subscription by which Google tells us, if it does. */
    GOOGLE_SUBSCRIPTION: name.optional(),
  }),
  author: z.object({
    ...base,
    POLICIES_TABLE: name,
    AUTHORING_QUEUE_URL: url,
    AUTHORING: json(authoringModels),
    /** The secret with the key of the API; on Bedrock there is none. */
    AUTHORING_SECRET: name.optional(),
  }),
} as const;

export type FunctionName = keyof typeof environments;
/** What the stacks must set: strings, the required ones required. */
export type EnvironmentInput<F extends FunctionName> = z.input<(typeof environments)[F]>;
/** What the function works with. */
export type Environment<F extends FunctionName> = z.output<(typeof environments)[F]>;

/** Parses a function's environment. Throws `CONFIG_INVALID`, naming the variables and never their values. */
export function parseEnvironment<F extends FunctionName>(
  functionName: F,
  env: Readonly<Record<string, string | undefined>>,
): Environment<F> {
  const parsed = environments[functionName].safeParse(env);
  if (!parsed.success) throw new AppError('CONFIG_INVALID', `${functionName}: ${describe(parsed.error)}`);
  const inside = parsed.data.EDICT_LOCAL ? [] : addressesInside(parsed.data);
  if (inside.length > 0) throw new AppError('CONFIG_INVALID', `${functionName}: ${inside.join('; ')}`);
  return parsed.data as Environment<F>;
}

/** What holds an address that is asked. The issuer of a token is compared and not asked. */
const ASKED: ReadonlySet<string> = new Set([
  'jwksUrl',
  'endpoint',
  'authority',
  'base_url',
  'SLACK_URL',
  'token_url',
  'service_account_impersonation_url',
]);

/** The addresses among these that are not on the internet: the synthesis refuses them, and whoever changes a variable later is refused here. */
function addressesInside(value: object, path: readonly string[] = []): readonly string[] {
  return Object.entries(value).flatMap(([key, of]: [string, unknown]) => {
    const at = [...path, key];
    if (typeof of === 'object' && of !== null) return addressesInside(of, at);
    const why = typeof of === 'string' && ASKED.has(key) ? refusedAddress(of) : undefined;
    return why === undefined ? [] : [`${at.join('.')}: ${why}`];
  });
}

const describe = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'environment'}: ${issue.message}`).join('; ');
