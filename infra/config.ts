/**
 * Everything a deployment may say, read from the CDK context once and checked: `npx cdk deploy --all -c stage=prod -c region=…`.
 * A wrong or contradictory context ends the synthesis with a sentence that names it.
 */
import * as z from 'zod';
import {
  type AzureCallers,
  type AzureReader,
  type AuthoringModels,
  authoringModels,
  azureCallers,
  azureReader,
  type AwsReader,
  awsReader,
  type GoogleCallers,
  type GoogleReader,
  googleCallers,
  googleReader,
} from '../shared/runtime/env.ts';
import { refusedAddress } from '../shared/runtime/address.ts';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
/** `-c flag=true` gives a string, cdk.json a boolean. */
const flag = z.union([z.boolean(), z.stringbool()]);

const contextSchema = z.strictObject({
  /** Names the deployment; several may live in one account and region. */
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,15}$/, 'lower case letters, digits and hyphens, at most 16')
    .default('prod'),
  account: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
  region: z.string().min(1).optional(),
  /** The local AWS: one switch for everything that it cannot do or that must not happen elsewhere. See docs/adr/0010. */
  local: flag.default(false),
  /** Functions get an inline stand-in instead of their bundle: for tests of the templates. */
  bundle: flag.default(true),

  slackSecretName: z.string().min(1).optional(),
  slackUrl: z.url().optional(),

  azureTenantId: z.string().min(1).optional(),
  azureAudience: z.string().min(1).optional(),
  azureClientId: z.string().min(1).optional(),
  azureSubscriptions: list.optional(),
  azureIssuers: list.optional(),
  azureJwksUrl: z.url().optional(),
  azureEndpoint: z.url().optional(),
  azureAuthority: z.url().optional(),
  azureCredential: z.enum(['federated', 'none']).optional(),

  googleAudience: z.string().min(1).optional(),
  googleServiceAccount: z.string().min(1).optional(),
  googleSubscription: z.string().min(1).optional(),
  googleIssuers: list.optional(),
  googleJwksUrl: z.url().optional(),
  googleScope: z.string().min(1).optional(),
  googleEndpoint: z.url().optional(),
  googleCredentials: z.string().min(1).optional(),

  /** The role that the evaluator reads other AWS accounts with, and its external id: see onboarding/aws. */
  awsReaderRole: z.string().min(1).optional(),
  awsExternalId: z.string().min(1).optional(),
  /** An AWS organisation whose member accounts may forward their changes to the default bus: `o-…`. */
  organizationId: z
    .string()
    .regex(/^o-[a-z0-9]{10,32}$/)
    .optional(),
  /** Where AWS accounts send their inventory: the name of a Config aggregator; without one this account alone is swept. */
  awsAggregator: z.string().min(1).optional(),
  /** How long what was observed is kept for replays, in days; 0: not at all. See docs/adr/0023. */
  archiveDays: z.coerce.number().int().min(0).max(3650).default(400),

  /** The secret with the key of Anthropic's API. It, or the models of Bedrock, makes the authoring stack. */
  authoringSecretName: z.string().min(1).optional(),
  /** Three ids of Bedrock, of models or of inference profiles: who drafts, who drafts apart, who explains. */
  authoringBedrockModels: list
    .pipe(
      z
        .array(z.string().regex(/^[a-z0-9][a-z0-9.:_-]*$/i, 'an id of a model or an inference profile, no ARN'))
        .length(3),
    )
    .optional(),
  authoringUrl: z.url().optional(),
  authoringTokenBudget: z.coerce.number().int().positive().optional(),
});

/** The names of the context keys, for the loop that reads them and for the documentation. */
export const CONTEXT_KEYS = Object.keys(contextSchema.shape) as readonly (keyof typeof contextSchema.shape)[];

export interface EdictConfig {
  readonly stage: string;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly local: boolean;
  readonly bundle: boolean;
  readonly slack: { readonly secretName: string; readonly url: string | undefined } | undefined;
  readonly azureCallers: AzureCallers | undefined;
  readonly azureReader: AzureReader | undefined;
  readonly googleCallers: GoogleCallers | undefined;
  readonly googleReader: GoogleReader | undefined;
  readonly awsReader: AwsReader | undefined;
  readonly organizationId: string | undefined;
  readonly awsAggregator: string | undefined;
  readonly archiveDays: number;
  readonly authoring: { readonly models: AuthoringModels; readonly secretName: string | undefined } | undefined;
}

/** Where the public clouds publish the keys of their tokens, and who they say they are. Overridden for a sovereign cloud and for the local context. */
const microsoft = (tenant: string) => ({
  issuers: [`https://sts.windows.net/${tenant}/`, `https://login.microsoftonline.com/${tenant}/v2.0`],
  jwksUrl: `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
});
const google = {
  issuers: ['https://accounts.google.com', 'accounts.google.com'],
  jwksUrl: 'https://www.googleapis.com/oauth2/v3/certs',
};

/** Of all variables of a function together, Lambda takes so much: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, read 2026-11-25. */
const ENVIRONMENT_BYTES = 4096;
/** What a function that knows the subscriptions is told besides the clouds: tables, queues, its stage. Held by test/infra/stacks.test.ts. */
const BESIDES_BYTES = 1200;

/** Reads the context. Throws an Error that says which key is wrong and what it may be. */
export function readConfig(context: (key: string) => unknown): EdictConfig {
  const given: Record<string, unknown> = {};
  for (const key of CONTEXT_KEYS) {
    const value = context(key);
    if (value !== undefined && value !== '') given[key] = value;
  }
  const parsed = contextSchema.safeParse(given);
  if (!parsed.success) throw new Error(`The context is wrong: ${z.prettifyError(parsed.error)}`);
  const c = parsed.data;

  const insecure = [
    ...(c.azureIssuers ?? []),
    c.azureJwksUrl,
    c.azureEndpoint,
    c.azureAuthority,
    c.googleJwksUrl,
    c.googleEndpoint,
    c.slackUrl,
    c.authoringUrl,
  ].flatMap((url) => {
    const why = url === undefined ? undefined : refusedAddress(url);
    return why === undefined ? [] : `${url} (${why})`;
  });
  if (!c.local && insecure.length > 0)
    throw new Error(
      `Only the local context may name an address without TLS or inside a network: ${insecure.join(', ')}`,
    );
  if (!c.local && c.azureCredential === 'none')
    throw new Error('azureCredential=none is for a server on this machine: only the local context may say it');

  const clouds = { ...azure(c), ...googleFrom(c), awsReader: awsFrom(c) };
  refuseWhatDoesNotFit(clouds);
  return {
    stage: c.stage,
    account: c.account,
    region: c.region,
    local: c.local,
    bundle: c.bundle,
    slack: c.slackSecretName === undefined ? undefined : { secretName: c.slackSecretName, url: c.slackUrl },
    ...clouds,
    organizationId: c.organizationId,
    awsAggregator: c.awsAggregator,
    archiveDays: c.archiveDays,
    authoring: authoringFrom(c),
  };
}

type Context = z.output<typeof contextSchema>;

/** The subscriptions of Azure lie in the environment of functions: a deployment with too many of them would fail half way. */
function refuseWhatDoesNotFit(
  clouds: Pick<EdictConfig, 'azureCallers' | 'azureReader' | 'googleCallers' | 'googleReader' | 'awsReader'>,
): void {
  const { azureCallers: door, azureReader: reader } = clouds;
  const bytes = (...told: unknown[]): number => Buffer.byteLength(told.map((t) => JSON.stringify(t) ?? '').join(''));
  const most = Math.max(
    bytes(door, clouds.googleCallers),
    reader === undefined ? 0 : bytes(reader, clouds.googleReader, clouds.awsReader),
  );
  const over = most - (ENVIRONMENT_BYTES - BESIDES_BYTES);
  if (over <= 0 || door === undefined) return;
  const named = door.subscriptions.length;
  // An id, its quotes and a comma.
  const each = Math.max(...door.subscriptions.map((id) => bytes(id) + 1));
  const fit = Math.max(0, named - Math.ceil(over / each));
  throw new Error(
    `azureSubscriptions names ${named} subscriptions, and ${fit} of them fit: a function takes ${ENVIRONMENT_BYTES} bytes of configuration. A management group cannot be named instead: divide them among several deployments, each with a stage of its own`,
  );
}

function authoringFrom(c: Context): EdictConfig['authoring'] {
  const { authoringSecretName: secretName, authoringBedrockModels: bedrock } = c;
  if (secretName !== undefined && bedrock !== undefined)
    throw new Error(
      'Authoring takes authoringSecretName (Anthropic) or authoringBedrockModels (Amazon Bedrock), not both',
    );
  if (secretName === undefined && bedrock === undefined) {
    if (c.authoringUrl === undefined && c.authoringTokenBudget === undefined) return undefined;
    throw new Error('Authoring needs authoringSecretName (Anthropic) or authoringBedrockModels (Amazon Bedrock)');
  }
  const [author, second, explain] = bedrock ?? [];
  return {
    secretName,
    models: authoringModels.parse({
      provider: bedrock === undefined ? 'anthropic' : 'bedrock',
      base_url: c.authoringUrl,
      models: bedrock === undefined ? undefined : { author, second, explain },
      token_budget: c.authoringTokenBudget,
    }),
  };
}

function awsFrom({ awsReaderRole: role, awsExternalId: externalId }: Context): AwsReader | undefined {
  if (role === undefined && externalId === undefined) return undefined;
  const parsed = awsReader.safeParse({ role, externalId });
  if (!parsed.success)
    throw new Error(
      'Reading other AWS accounts needs awsReaderRole (a name, no ARN) and awsExternalId (8 characters or more) together',
    );
  return parsed.data;
}

function azure(c: Context): Pick<EdictConfig, 'azureCallers' | 'azureReader'> {
  const { azureTenantId: tenantId, azureAudience: audience, azureSubscriptions: given } = c;
  if (tenantId === undefined) {
    if (audience !== undefined || given !== undefined)
      throw new Error('Azure needs azureTenantId, azureAudience and azureSubscriptions together');
    return { azureCallers: undefined, azureReader: undefined };
  }
  if (audience === undefined || given === undefined || given.length === 0)
    throw new Error('Azure needs azureTenantId, azureAudience and azureSubscriptions together');
  const subscriptions = given.map((id) => id.toLowerCase());
  const published = microsoft(tenantId);
  return {
    azureCallers: azureCallers.parse({
      tenantId,
      audience,
      issuers: c.azureIssuers ?? published.issuers,
      jwksUrl: c.azureJwksUrl ?? published.jwksUrl,
      subscriptions,
    }),
    azureReader:
      c.azureClientId === undefined
        ? undefined
        : azureReader.parse({
            tenantId,
            clientId: c.azureClientId,
            endpoint: c.azureEndpoint,
            authority: c.azureAuthority,
            credential: c.azureCredential,
            subscriptions,
          }),
  };
}

function googleFrom(c: Context): Pick<EdictConfig, 'googleCallers' | 'googleReader'> {
  const { googleAudience: audience, googleServiceAccount: serviceAccount, googleSubscription: subscription } = c;
  const some = [audience, serviceAccount, subscription].filter((value) => value !== undefined).length;
  if (some !== 0 && some !== 3)
    throw new Error('Google needs googleAudience, googleServiceAccount and googleSubscription together');
  return {
    googleCallers:
      some === 0
        ? undefined
        : googleCallers.parse({
            audience,
            serviceAccount,
            subscription,
            issuers: c.googleIssuers ?? google.issuers,
            jwksUrl: c.googleJwksUrl ?? google.jwksUrl,
          }),
    googleReader:
      c.googleScope === undefined
        ? undefined
        : googleReader.parse({
            scope: c.googleScope,
            endpoint: c.googleEndpoint,
            credentials: c.googleCredentials === undefined ? undefined : JSON.parse(c.googleCredentials),
          }),
  };
}
