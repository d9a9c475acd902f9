/**
 * The whole service on this machine: the local AWS with the stacks that a customer deploys, the released policies, and
 * stand-ins for whom it talks to (the issuers of tokens, Azure Resource Manager, Slack). `npm start` shows it; the
 * end-to-end tests hold it to account.
 */
import { Agent } from 'node:https';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  CreateDBClusterParameterGroupCommand,
  CreateDBParameterGroupCommand,
  ModifyDBClusterParameterGroupCommand,
  ModifyDBParameterGroupCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { approvalsOf } from '../cli/commands/approvals.ts';
import { policyStore, shippedApprovals, shippedBundleFolder } from '../cli/commands/release.ts';
import { putNotifyConfig } from '../shared/adapters/dynamodb/notify-config.ts';
import { makeFileApprovals } from '../shared/adapters/files/approvals.ts';
import { readConfig } from '../cli/options.ts';
import { type BusWatch, type Heard, watchBus } from '../cli/stack/bus-watch.ts';
import { type FrontDoors, makeFrontDoors } from '../cli/stack/front-doors.ts';
import { type LocalStack, writeLocalStack } from '../cli/stack/local-stack.ts';
import { quiet } from '../cli/stack/quiet.ts';
import { type AwsOptions, localStack, type Stack } from '../cli/stack/stack.ts';
import { readBundle } from '../shared/adapters/opa/bundle-files.ts';
import { instant } from '../shared/model/change.ts';
import { stackNames } from '../shared/model/deployment.ts';
import { releaseApproved } from '../shared/pipeline/approval.ts';
import { type ArmServer, startArmServer } from './arm-server.ts';
import { deployLocal } from './deploy.ts';
import { type LocalAws, type LocalAwsOptions, localAccount, localRegion, startLocalAws } from './ministack.ts';
import { slackSecretName, type SlackServer, startSlackServer } from './slack-server.ts';
import { parameterGroups } from './stories/aws.ts';
import { localNotify } from './stories/digest.ts';
import { pushSubscription, startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

const stage = 'local';

export interface ServiceOptions extends Pick<LocalAwsOptions, 'port' | 'enforceIam' | 'logFile'> {
  /** Does one step of the preparation; the step says what it is doing by `log`. @default it is just done */
  readonly step?: <T>(title: string, run: (log: (line: string) => void) => Promise<T>) => Promise<T>;
  /** Hears each event that is published, once. */
  readonly onEvent?: (heard: Heard) => void;
  /** Whether the stack tells Slack's stand-in. @default true */
  readonly slack?: boolean;
  /** Whether other commands find the stack (`.edict/local.json`). @default false */
  readonly announce?: boolean;
  /** Azure subscriptions besides that of the stories whose events are taken. @default none */
  readonly subscriptions?: readonly string[];
  /** A stand-in for the Messages API, and the key that it takes: then the stack that authors is deployed, too. @default none */
  readonly authoring?: { readonly url: string; readonly key: string };
  /** Ends the preparation when it aborts. */
  readonly signal?: AbortSignal;
}

const modelSecretName = 'edict/model';

export interface Service {
  readonly aws: LocalAws;
  /** For the client of any AWS service. */
  readonly target: AwsOptions;
  readonly stack: Stack;
  readonly doors: FrontDoors;
  readonly issuer: TokenIssuer;
  readonly arm: ArmServer;
  readonly slack: SlackServer;
  readonly bus: BusWatch;
  /** The policies in force. */
  readonly released: { readonly policies: number; readonly sequence: number };
  /** Resolves true when the queues of the pipeline are empty, false if they are not within a minute. */
  quiet(): Promise<boolean>;
  /** Ends everything and resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts the service and resolves when its front doors are open. Whatever was started is stopped again when a step fails.
 *
 * @throws {LocalAwsError} one line saying what to do
 */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const step = options.step ?? ((_title, run) => run(() => undefined));
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
  };
  const started = <T extends { stop(): Promise<void> }>(thing: T): T => {
    undo.push(() => thing.stop());
    return thing;
  };
  const alive = (): void => options.signal?.throwIfAborted();

  try {
    const aws = await step('Start the local AWS', async (log) =>
      started(
        await startLocalAws({
          log,
          ...(options.port === undefined ? {} : { port: options.port }),
          ...(options.enforceIam === undefined ? {} : { enforceIam: options.enforceIam }),
          ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
        }),
      ),
    );
    alive();
    const target = targetOf(aws);

    const { issuer, arm, slack } = await step(
      'Start stand-ins for Entra ID, Google, Azure Resource Manager and Slack',
      async () => {
        const servers = {
          issuer: started(await startTokenIssuer(options.subscriptions)),
          arm: started(await startArmServer()),
          slack: started(await startSlackServer()),
        };
        await new SecretsManagerClient(target).send(
          new CreateSecretCommand({ Name: slackSecretName, SecretString: servers.slack.secret }),
        );
        if (options.authoring !== undefined)
          await new SecretsManagerClient(target).send(
            new CreateSecretCommand({ Name: modelSecretName, SecretString: options.authoring.key }),
          );
        await makeParameterGroups(new RDSClient(target));
        return servers;
      },
    );
    alive();

    const outputs = await step('Deploy the stacks (cdk deploy --all)', async (log) => {
      const deployed = await deployLocal({
        aws,
        log,
        context: {
          stage,
          local: 'true',
          account: localAccount,
          region: localRegion,
          ...issuer.context,
          ...arm.context,
          ...(options.slack === false ? {} : slack.context),
          ...(options.authoring === undefined
            ? {}
            : { authoringSecretName: modelSecretName, authoringUrl: options.authoring.url }),
        },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const names = stackNames(stage);
      return { ...deployed[names.state], ...deployed[names.pipeline], ...deployed[names.authoring] };
    });
    alive();

    const announced: LocalStack = {
      version: 1,
      pid: process.pid,
      startedAt: instant(Date.now()),
      stage,
      region: localRegion,
      endpoint: aws.endpoint,
      outputs,
      tokenIssuer: issuer.url,
      arm: arm.url,
      pushSubscription,
      azureSubscriptions: issuer.subscriptions,
    };
    const stack = localStack(announced, target);

    const released = await step('Release the policies', async (log) => {
      const bundle = readBundle(shippedBundleFolder);
      const activation = await releaseApproved(
        {
          policies: policyStore(stack),
          clock: Date,
          approvals: approvalsOf(stack),
          brought: makeFileApprovals(shippedApprovals),
        },
        { bundle, context: await readConfig(undefined), by: 'npm start' },
      );
      const table = { client: stack.documents(), name: stack.output('PoliciesTable') };
      await putNotifyConfig(table, localNotify, { at: instant(Date.now()), who: 'npm start' });
      log(`${bundle.manifest.policies.length} policies, sequence ${activation.sequence}`);
      return { policies: bundle.manifest.policies.length, sequence: activation.sequence };
    });

    const doors = makeFrontDoors({
      events: new EventBridgeClient(target),
      endpoint: aws.endpoint,
      ingestUrl: stack.output('IngestUrl'),
      pushSubscription,
      token: (caller) => issuer.token(caller),
      ...(aws.certificate === undefined ? {} : { certificate: aws.certificate }),
    });
    const bus = await step("Open the front doors (Event Grid's handshake, a queue on the bus)", async () => {
      const watch = started(await watchBus(target, stack.output('BusName'), 'edict-local-watch', options.onEvent));
      await doors.shakeHands();
      return watch;
    });
    alive();

    if (options.announce === true) undo.push(writeLocalStack(announced));
    const sqs = new SQSClient(target);
    const queues = [stack.output('ChangesQueueUrl'), stack.output('ReJudgeQueueUrl')];
    return { aws, target, stack, doors, issuer, arm, slack, bus, released, quiet: () => quiet(sqs, queues), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The parameter groups that databases of the stories use, for the service to read. */
async function makeParameterGroups(rds: RDSClient): Promise<void> {
  for (const { name, family: DBParameterGroupFamily, of, parameters } of parameterGroups) {
    const Parameters = Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({
      ParameterName,
      ParameterValue,
      ApplyMethod: 'immediate' as const,
    }));
    const about = { DBParameterGroupFamily, Description: 'edict' };
    if (of === 'cluster') {
      await rds.send(new CreateDBClusterParameterGroupCommand({ DBClusterParameterGroupName: name, ...about }));
      await rds.send(new ModifyDBClusterParameterGroupCommand({ DBClusterParameterGroupName: name, Parameters }));
    } else {
      await rds.send(new CreateDBParameterGroupCommand({ DBParameterGroupName: name, ...about }));
      await rds.send(new ModifyDBParameterGroupCommand({ DBParameterGroupName: name, Parameters }));
    }
  }
}

/** What a client in this process needs to reach the local AWS, its certificate included. */
function targetOf(aws: LocalAws): AwsOptions {
  const { certificate } = aws;
  return {
    region: localRegion,
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    ...(certificate === undefined ? {} : { requestHandler: { httpsAgent: new Agent({ ca: certificate }) } }),
  };
}
