/** What the checks of `edict doctor` look at: the deployment, what it is made of, and how its functions are configured. */
import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { AuthClient } from 'google-auth-library';
import { fromAws } from '../../shared/adapters/aws/errors.ts';
import type { ArmCredential } from '../../shared/adapters/azure/arm-client.ts';
import { makeDynamoSourceLog } from '../../shared/adapters/dynamodb/source-log.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { Heard } from '../../shared/model/coverage.ts';
import { stackNames } from '../../shared/model/deployment.ts';
import {
  type AzureCallers,
  type AzureReader,
  environments,
  type FunctionName,
  type GoogleCallers,
  type GoogleReader,
  parseEnvironment,
} from '../../shared/runtime/env.ts';
import { heardOf } from '../findings/coverage.ts';
import type { AwsOptions, Stack } from '../stack/stack.ts';

/** A resource that CloudFormation made. */
export interface Made {
  readonly logicalId: string;
  readonly id: string;
  readonly type: string;
}

/** A function as it is deployed. */
export interface DeployedFunction {
  /** Undefined: it is gone. */
  readonly name: FunctionName | undefined;
  readonly id: string;
  readonly role: string;
  readonly environment: { readonly [variable: string]: string };
  readonly state: string | undefined;
  readonly lastUpdate: string | undefined;
}

/** What the functions were told of the clouds; what is undefined is not configured. */
export interface Settings {
  readonly azureCallers: AzureCallers | undefined;
  readonly azureReader: AzureReader | undefined;
  readonly googleCallers: GoogleCallers | undefined;
  readonly googleReader: GoogleReader | undefined;
  readonly aggregator: string | undefined;
  readonly slackSecret: string | undefined;
}

/** Who asks Azure and Google Cloud, and at which addresses: what is not given is that of this machine and of the provider. */
export interface Askers {
  readonly azure?: ArmCredential;
  readonly google?: AuthClient;
  readonly pubSub?: string;
  readonly iam?: string;
}

export interface World {
  readonly stack: Stack;
  readonly stage: string;
  /** An account of the organisation that forwards to the deployment: it has but one stack, and no tables. */
  readonly isMember: boolean;
  /** The stacks that must be there, and those that may. */
  readonly stacks: { readonly needed: readonly string[]; readonly besides: readonly string[] };
  readonly nowMs: () => number;
  /** Aborts when the answers are no longer waited for. */
  readonly signal: AbortSignal;
  /** For tests: who asks Azure and Google Cloud, and where. @default this machine's own credentials, the providers' addresses */
  readonly askers: Askers;
  /** Made once under a name, however often it is asked for. */
  once<T>(name: string, make: () => T): T;
  /** A client of a service of AWS; one of each. */
  client<C>(of: new (options: AwsOptions & { readonly maxAttempts: number }) => C): C;
  documents(): DynamoDBDocumentClient;
  /** What the stacks are made of. Throws what AWS says. */
  made(): Promise<readonly Made[]>;
  functions(): Promise<readonly DeployedFunction[]>;
  settings(): Promise<Settings>;
  /** What was heard of every account, by the functions themselves. */
  heard(): Promise<readonly Heard[]>;
}

export function makeWorld(options: {
  readonly stack: Stack;
  readonly stage: string;
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
  readonly askers?: Askers;
  /** The stack of a member account. @default the stacks of the stage */
  readonly member?: string;
}): World {
  const { stack, stage, signal, askers = {}, member } = options;
  const { state, pipeline, observability, ...besides } = stackNames(stage);
  const stacks =
    member === undefined
      ? { needed: [state, pipeline, observability], besides: Object.values(besides) }
      : { needed: [member], besides: [] };
  const kept = new Map<unknown, unknown>();
  const keep = <T>(key: unknown, make: () => T): T => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as T;
  };
  const client: World['client'] = (of) => keep(of, () => new of({ ...stack.aws, maxAttempts: 2 }));
  const documents: World['documents'] = () => keep('documents', () => stack.documents());
  const made: World['made'] = () =>
    keep('made', () => madeOf(client(CloudFormationClient), [...stacks.needed, ...stacks.besides], signal));
  const functions: World['functions'] = () =>
    keep('functions', async () => {
      const lambda = client(LambdaClient);
      const of = (await made()).filter(({ type }) => type === 'AWS::Lambda::Function');
      const all = await Promise.all(of.map(({ id }) => functionOf(lambda, id, signal)));
      return all.filter((f) => f !== undefined);
    });
  return {
    stack,
    stage,
    isMember: member !== undefined,
    stacks,
    signal,
    nowMs: options.nowMs ?? Date.now,
    client,
    documents,
    made,
    functions,
    askers,
    once: keep,
    settings: () => keep('settings', async () => settingsOf(await functions())),
    heard: () =>
      keep('heard', () => heardOf(makeDynamoSourceLog({ client: documents(), name: stack.output('ResourcesTable') }))),
  };
}

async function madeOf(
  client: CloudFormationClient,
  stacks: readonly string[],
  abortSignal: AbortSignal,
): Promise<readonly Made[]> {
  const of = async (StackName: string): Promise<readonly Made[]> => {
    const all: Made[] = [];
    try {
      for await (const page of paginateListStackResources({ client }, { StackName }, { abortSignal })) {
        for (const r of listed(page.StackResourceSummaries, 'CloudFormation'))
          if (r.PhysicalResourceId !== undefined && r.LogicalResourceId !== undefined && r.ResourceType !== undefined)
            all.push({ logicalId: r.LogicalResourceId, id: r.PhysicalResourceId, type: r.ResourceType });
      }
    } catch (error) {
      // That it is not there is told by the check of the stacks.
      if (isNoStack(error)) return [];
      throw fromAws(error, `list what the stack ${StackName} is made of`);
    }
    return all;
  };
  return (await Promise.all(stacks.map(of))).flat();
}

/** What CloudFormation says of a stack that is not there: an error like any other, but for its words. */
export const isNoStack = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message);

/** A list of an answer. An answer without it (an empty body, that the SDK reads as nothing) is no empty list. */
export function listed<T>(list: readonly T[] | undefined, service: string): readonly T[] {
  if (list !== undefined) return list;
  throw new AppError('UPSTREAM_UNAVAILABLE', `${service} answered without the list that it was asked for`);
}

/** What AWS says, each service in its own words, of a thing that is not there. */
export const isGone = (error: unknown): boolean =>
  error instanceof Error && /^(ResourceNotFound|.*QueueDoesNotExist|.*NonExistentQueue)/.test(error.name);

const isFunctionName = (name: string | undefined): name is FunctionName =>
  name !== undefined && Object.hasOwn(environments, name);

/** Undefined: none of ours (a custom resource of the CDK). */
async function functionOf(
  client: LambdaClient,
  id: string,
  abortSignal: AbortSignal,
): Promise<DeployedFunction | undefined> {
  try {
    const f = await client.send(new GetFunctionConfigurationCommand({ FunctionName: id }), { abortSignal });
    if (f.FunctionName === undefined)
      throw new AppError('UPSTREAM_UNAVAILABLE', `Lambda answered nothing of the function ${id}`);
    // The key of the environment may be refused apart from the function.
    if (f.Environment?.Error !== undefined)
      throw new AppError('UPSTREAM_DENIED', `the environment of ${id} cannot be read`);
    const environment = f.Environment?.Variables ?? {};
    const name = environment['POWERTOOLS_SERVICE_NAME'];
    if (!isFunctionName(name)) return undefined;
    return { name, id, role: f.Role ?? '', environment, state: f.State, lastUpdate: f.LastUpdateStatus };
  } catch (error) {
    if (isGone(error))
      return { name: undefined, id, role: '', environment: {}, state: undefined, lastUpdate: undefined };
    throw fromAws(error, `read the configuration of the function ${id}`);
  }
}

function settingsOf(functions: readonly DeployedFunction[]): Settings {
  const of = <F extends FunctionName>(name: F) => {
    const f = functions.find((one) => one.name === name);
    return f === undefined ? undefined : parseEnvironment(name, f.environment);
  };
  const ingest = of('ingest');
  const sweep = of('sweep');
  if (ingest === undefined || sweep === undefined)
    throw new AppError('UPSTREAM_UNAVAILABLE', 'the functions ingest and sweep are not among those of the stack');
  return {
    azureCallers: ingest.AZURE_CALLERS,
    azureReader: sweep.AZURE_READER,
    googleCallers: ingest.GOOGLE_CALLERS,
    googleReader: sweep.GOOGLE_READER,
    aggregator: sweep.AWS_AGGREGATOR,
    slackSecret: of('notify-slack')?.SLACK_SECRET,
  };
}
