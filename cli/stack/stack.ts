/** The deployed stack that a command works with: the one on this machine, or one in an AWS account. */
import type { Agent } from 'node:https';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { AppError } from '../../shared/model/errors.ts';
import {
  type AuthoringOutput,
  STACK_OUTPUTS,
  type PipelineOutput,
  stackNames,
  type StateOutput,
} from '../../shared/model/deployment.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { type LocalStack, readLocalStack } from './local-stack.ts';

/** As commander gives them. */
export interface StackOptions {
  readonly stage?: string;
  readonly region?: string;
}

export interface Stack {
  /** What is told to a person: `the local stack`, `edict-prod in eu-central-1`. */
  readonly title: string;
  /** The stack on this machine, if it is that. */
  readonly local: LocalStack | undefined;
  /** For the client of any AWS service. */
  readonly aws: AwsOptions;
  /** An output of its stacks. Throws `CONFIG_INVALID` if the deployment has none of that name. */
  output(name: StateOutput | PipelineOutput | AuthoringOutput): string;
  /** The client that the table adapters share. */
  documents(): ReturnType<typeof makeDocumentClient>;
}

/** What a client is made with. */
export interface AwsOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly requestHandler?: { readonly httpsAgent: Agent };
}

const NOTHING_RUNS =
  'Nothing is running on this machine: start it with "npm start" (in another terminal), or name a deployment with --stage and --region';

/**
 * Finds the stack: the one that is named, or else the one that runs on this machine. Throws `CONFIG_INVALID` with what
 * to do when there is none. `withAuthoring`: one that has the stack that authors, too.
 */
export async function findStack(options: StackOptions, withAuthoring = false): Promise<Stack> {
  if (options.stage === undefined && options.region === undefined) {
    const local = readLocalStack();
    if (local === undefined) throw new AppError('CONFIG_INVALID', NOTHING_RUNS);
    return localStack(local);
  }
  return accountStack(options.stage ?? 'prod', options.region, withAuthoring);
}

/** The stack on this machine. `aws` is for a caller that has to trust a certificate of its own. */
export function localStack(local: LocalStack, aws: AwsOptions = keysOf(local)): Stack {
  return makeStack('the local stack', local, aws, local.outputs);
}

/** The one account of the local AWS: its keys are no secret. */
const keysOf = ({ region, endpoint }: LocalStack): AwsOptions => ({
  region,
  endpoint,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

async function accountStack(stage: string, region: string | undefined, withAuthoring: boolean): Promise<Stack> {
  const aws = region === undefined ? {} : { region };
  const names = stackNames(stage);
  const client = new CloudFormationClient({ ...aws, maxAttempts: 3 });
  const outputs: Record<string, string> = {};
  for (const name of [names.state, names.pipeline, ...(withAuthoring ? [names.authoring] : [])]) {
    for (const { OutputKey, OutputValue } of await outputsOf(client, name, region))
      if (OutputKey !== undefined && OutputValue !== undefined) outputs[OutputKey] = OutputValue;
  }
  return makeStack(`edict-${stage}${region === undefined ? '' : ` in ${region}`}`, undefined, aws, outputs);
}

async function outputsOf(client: CloudFormationClient, name: string, region: string | undefined) {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks?.[0]?.Outputs ?? [];
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const where = region === undefined ? '' : ` in ${region}`;
    if (/Region is missing/.test(said))
      throw new AppError('CONFIG_INVALID', `In which region is ${name}? Name it with --region`, { cause });
    throw new AppError(
      'CONFIG_INVALID',
      /does not exist/.test(said)
        ? `There is no stack ${name}${where}: deploy it ("npx cdk deploy --all"), or name another with --stage and --region`
        : `The stack ${name} cannot be read${where} (${said}): check the AWS credentials and the region`,
      { cause },
    );
  }
}

function makeStack(
  title: string,
  local: LocalStack | undefined,
  aws: Stack['aws'],
  outputs: { readonly [name: string]: string },
): Stack {
  return {
    title,
    local,
    aws,
    output(name) {
      const value = outputs[name];
      if (value !== undefined) return value;
      const known = Object.values(STACK_OUTPUTS).flat().join(', ');
      throw new AppError('CONFIG_INVALID', `${title} has no output ${name} (of ${known}): deploy it again`);
    },
    documents: () => makeDocumentClient(aws),
  };
}
