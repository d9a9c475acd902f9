/** Whether what was deployed is there, switched on, and works. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeEventBusCommand, DescribeRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GetEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { isAppError } from '../../shared/model/errors.ts';
import { isObject, type Json } from '../../shared/model/json.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { depth } from '../stack/quiet.ts';
import { count } from '../terminal.ts';
import { allOf, type Check, eachOf, type Failed, type Found, missing, notApplicable, ok, unknown } from './check.ts';
import { isGone, isNoStack, listed, type Made, type World } from './world.ts';

const DEPLOY = 'npx cdk deploy --all';
const MEMBER = 'onboarding/aws/member.yaml: update the stack set';
const NOT_LOCAL = 'the local AWS does not do it';

async function made(world: World, type: string): Promise<readonly Made[]> {
  return (await world.made()).filter((m) => m.type === type);
}

/** Looks at each thing of the stacks; one that is gone is missing. */
const each = (
  things: readonly Made[],
  look: (thing: Made) => Promise<Found | undefined>,
  whenAll: string,
): Promise<readonly (Found | Failed)[]> =>
  eachOf(
    things,
    async (thing) => {
      try {
        return await look(thing);
      } catch (error) {
        if (isGone(error)) return missing('it was deleted outside of CloudFormation');
        throw error;
      }
    },
    whenAll,
    ({ logicalId }) => logicalId,
  );

const FINE = /^(CREATE|UPDATE|IMPORT)_COMPLETE$|^UPDATE_COMPLETE_CLEANUP_IN_PROGRESS$/;

async function stacks(world: World): Promise<readonly (Found | Failed)[]> {
  const { needed, besides } = world.stacks;
  const client = world.client(CloudFormationClient);
  const look = async (StackName: string): Promise<Found | undefined> => {
    try {
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }), { abortSignal: world.signal });
      const status = listed(Stacks, 'CloudFormation')[0]?.StackStatus;
      if (status === undefined) return unknown('CloudFormation says nothing of its state');
      if (FINE.test(status)) return undefined;
      return status.endsWith('_IN_PROGRESS')
        ? unknown(`it is being changed now: ${status}`, { todo: 'Ask again when that is done.' })
        : missing(`its last deployment did not succeed: ${status}`);
    } catch (error) {
      if (isNoStack(error)) return needed.includes(StackName) ? missing('there is no such stack') : undefined;
      throw error;
    }
  };
  return eachOf([...needed, ...besides], look, `${needed.join(', ')} are deployed`, (name) => name);
}

async function bundle(world: World): Promise<Found> {
  const policies = makeDynamoPolicyStore({ client: world.documents(), name: world.stack.output('PoliciesTable') });
  const active = await policies.active();
  if (active === undefined) return missing('nothing was ever released: nothing is judged');
  try {
    const stored = await policies.bundle(active.bundle);
    if (stored === undefined) return missing(`the bundle of release ${active.sequence} is not in the table`);
    return ok(`release ${active.sequence}, ${count(stored.manifest.policies.length, 'policy', 'policies')}`);
  } catch (error) {
    if (isAppError(error, 'POLICY_LOAD_FAILED'))
      return missing(`release ${active.sequence} cannot be used: ${error.message}`, { todo: 'npx edict rollback' });
    throw error;
  }
}

async function functions(world: World): Promise<readonly Found[]> {
  const all = await world.functions();
  if (all.length === 0) return [];
  const found = all.map(({ name, id, environment, state, lastUpdate }): Found | undefined => {
    if (name === undefined) return missing(`${id} was deleted outside of CloudFormation`);
    const where = name;
    if (state === 'Failed' || lastUpdate === 'Failed') return missing('its last update failed', { where });
    if (state === 'Pending' || lastUpdate === 'InProgress')
      return unknown('it is being updated now', { where, todo: 'Ask again when that is done.' });
    try {
      parseEnvironment(name, environment);
      return state === undefined || lastUpdate === undefined
        ? unknown('Lambda does not say whether it can run', { where })
        : undefined;
    } catch (error) {
      if (isAppError(error, 'CONFIG_INVALID')) return missing(`it cannot start: ${error.message}`, { where });
      throw error;
    }
  });
  return allOf(found, `${count(all.length, 'function')} can run`);
}

async function consumers(world: World): Promise<readonly (Found | Failed)[]> {
  const client = world.client(LambdaClient);
  const mappings = await made(world, 'AWS::Lambda::EventSourceMapping');
  const look = async ({ id }: Made): Promise<Found | undefined> => {
    const { State, LastProcessingResult = '' } = await client.send(new GetEventSourceMappingCommand({ UUID: id }), {
      abortSignal: world.signal,
    });
    if (State === 'Disabled' || State === 'Disabling') return missing('it is switched off');
    if (State !== 'Enabled') return unknown(`its state is ${State ?? 'not told'}`, { todo: 'Ask again.' });
    return LastProcessingResult.startsWith('PROBLEM') ? missing(LastProcessingResult) : undefined;
  };
  return each(mappings, look, `consumed: ${count(mappings.length, 'queue or stream', 'queues and streams')}`);
}

async function rules(world: World): Promise<readonly (Found | Failed)[]> {
  const client = world.client(EventBridgeClient);
  const all = await made(world, 'AWS::Events::Rule');
  const look = async ({ id }: Made): Promise<Found | undefined> => {
    // Of a rule on another bus than the default one CloudFormation says "bus|rule".
    const [name = '', bus] = id.split('|').toReversed();
    const describe = (EventBusName = 'default') =>
      client.send(new DescribeRuleCommand({ Name: name, EventBusName }), { abortSignal: world.signal });
    const { State, Description, ScheduleExpression } = await describe(bus).catch((error: unknown) => {
      // The local AWS says the rule alone.
      if (isGone(error) && bus === undefined && world.stack.local !== undefined)
        return describe(world.stack.output('BusName'));
      throw error;
    });
    if (State === undefined) return unknown('EventBridge does not say whether it is on');
    if (State.startsWith('ENABLED')) return undefined;
    const what = ScheduleExpression === undefined ? 'news' : 'a schedule';
    return missing(`it is off, ${what}: ${Description ?? name}`, {
      todo: `aws events enable-rule --name ${name}${bus === undefined ? '' : ` --event-bus-name ${bus}`}`,
    });
  };
  return each(all, look, `on: ${count(all.length, 'rule')}, of events and of the clock`);
}

/** The queues of the stacks, and that of onboarding/aws. */
const DEAD_LETTERS = /DeadLetters|^Undelivered$/;

async function deadLetters(world: World): Promise<readonly (Found | Failed)[]> {
  const client = world.client(SQSClient);
  const queues = (await made(world, 'AWS::SQS::Queue')).filter(({ logicalId }) => DEAD_LETTERS.test(logicalId));
  const look = async ({ id }: Made): Promise<Found | undefined> => {
    const waiting = await depth(client, id, world.signal);
    if (Number.isNaN(waiting)) return unknown('SQS does not say how many messages it holds');
    return waiting === 0 ? undefined : missing(`it holds ${count(waiting, 'message')}`);
  };
  return each(queues, look, `empty: ${count(queues.length, 'dead-letter queue')}`);
}

const LOOKED_BACK_MS = 3_600_000;
const MAX_QUERIES = 500;

async function functionErrors(world: World): Promise<readonly Found[]> {
  const all = (await world.functions()).filter((f) => f.name !== undefined).slice(0, MAX_QUERIES);
  if (all.length === 0) return [];
  const now = world.nowMs();
  const { MetricDataResults } = await world.client(CloudWatchClient).send(
    new GetMetricDataCommand({
      StartTime: new Date(now - LOOKED_BACK_MS),
      EndTime: new Date(now),
      MetricDataQueries: all.map(({ id }, i) => ({
        Id: `f${i}`,
        MetricStat: {
          Metric: {
            Namespace: 'AWS/Lambda',
            MetricName: 'Errors',
            Dimensions: [{ Name: 'FunctionName', Value: id }],
          },
          Period: LOOKED_BACK_MS / 1000,
          Stat: 'Sum',
        },
      })),
    }),
    { abortSignal: world.signal },
  );
  const results = listed(MetricDataResults, 'CloudWatch');
  const found = all.map(({ name }, i): Found | undefined => {
    const where = name ?? '';
    const result = results.find((r) => r.Id === `f${i}`);
    if (result?.StatusCode !== 'Complete') return unknown('CloudWatch gives no whole count', { where });
    const errors = (result.Values ?? []).reduce((sum, n) => sum + n, 0);
    return errors === 0 ? undefined : missing(`${count(errors, 'invocation')} failed within the hour`, { where });
  });
  return allOf(found, 'no invocation failed within the hour');
}

/** The most that are told at once. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html, read 2026-11-25. */
const ALARMS_AT_ONCE = 100;

async function alarms(world: World): Promise<readonly Found[]> {
  const names = (await made(world, 'AWS::CloudWatch::Alarm')).map(({ id }) => id);
  if (names.length === 0) return [];
  const client = world.client(CloudWatchClient);
  const pages = Array.from({ length: Math.ceil(names.length / ALARMS_AT_ONCE) }, (_, i) =>
    names.slice(i * ALARMS_AT_ONCE, (i + 1) * ALARMS_AT_ONCE),
  );
  const told = await Promise.all(
    pages.map(async (AlarmNames) => {
      const answer = await client.send(new DescribeAlarmsCommand({ AlarmNames, MaxRecords: ALARMS_AT_ONCE }), {
        abortSignal: world.signal,
      });
      return listed(answer.MetricAlarms, 'CloudWatch');
    }),
  );
  const byName = new Map(told.flat().map((alarm) => [alarm.AlarmName, alarm]));
  const found = names.map((name): Found | undefined => {
    const alarm = byName.get(name);
    const where = name;
    if (alarm === undefined) return missing('it was deleted outside of CloudFormation', { where, todo: DEPLOY });
    const says = alarm.AlarmDescription ?? '';
    if (alarm.StateValue === 'ALARM') return missing(`it rings: ${says}`, { where });
    if (alarm.StateValue !== 'OK')
      return unknown(`CloudWatch cannot say whether it rings: ${alarm.StateValue ?? 'no state'}`, { where });
    return alarm.ActionsEnabled === false ? missing('it rings for nobody: its actions are off', { where }) : undefined;
  });
  return allOf(found, `${count(names.length, 'alarm')}, none of which rings`);
}

async function organisation(world: World): Promise<Found> {
  if ((await made(world, 'AWS::Events::EventBusPolicy')).length === 0)
    return notApplicable('no organizationId is configured: only the events of this account are taken');
  const { Name, Policy } = await world
    .client(EventBridgeClient)
    .send(new DescribeEventBusCommand({ Name: 'default' }), { abortSignal: world.signal });
  if (Name === undefined) return unknown('EventBridge says nothing of the default bus');
  const of = organisationOf(Policy, `edict-${world.stage}-organisation`);
  return of === undefined
    ? missing('the policy of the default bus lets no organisation put events')
    : ok(`accounts of ${of} may put their events on the default bus`);
}

/** The organisation that the statement lets in; undefined: there is no such statement. */
function organisationOf(policy: string | undefined, sid: string): string | undefined {
  if (policy === undefined) return undefined;
  const { Statement } = JSON.parse(policy) as { readonly Statement?: Json };
  const statements = Array.isArray(Statement) ? (Statement as readonly Json[]) : [Statement];
  const ours = statements.find((s) => isObject(s) && s['Sid'] === sid && s['Effect'] === 'Allow');
  const condition = isObject(ours) ? ours['Condition'] : undefined;
  const equals = isObject(condition) ? condition['StringEquals'] : undefined;
  const id = isObject(equals) ? equals['aws:PrincipalOrgID'] : undefined;
  return typeof id === 'string' ? id : undefined;
}

async function slack(world: World): Promise<Found> {
  const { slackSecret: SecretId } = await world.settings();
  if (SecretId === undefined) return notApplicable('no slackSecretName is configured');
  try {
    const { Name, DeletedDate, VersionIdsToStages } = await world
      .client(SecretsManagerClient)
      .send(new DescribeSecretCommand({ SecretId }), { abortSignal: world.signal });
    if (Name === undefined) return unknown('Secrets Manager says nothing of it');
    if (DeletedDate !== undefined) return missing(`${SecretId} is marked for deletion`);
    const stages = Object.values(VersionIdsToStages ?? {}).flat();
    return stages.includes('AWSCURRENT') ? ok(`${SecretId} has a value`) : missing(`${SecretId} has no value`);
  } catch (error) {
    if (isGone(error)) return missing(`there is no secret ${SecretId}`);
    throw error;
  }
}

export const STACK_CHECKS: readonly Check[] = [
  {
    id: 'stack-deployed',
    what: 'the stacks are deployed',
    otherwise: 'Something of the service is missing, or of an older build than the rest.',
    where: 'stack',
    todo: DEPLOY,
    needs: 'cloudformation:DescribeStacks',
    member: MEMBER,
    run: stacks,
  },
  {
    id: 'stack-bundle',
    what: 'policies are in force',
    otherwise: 'Changes arrive and nothing is judged.',
    where: 'stack',
    todo: 'npx edict release',
    needs: 'dynamodb:GetItem, dynamodb:Query and kms:Decrypt on the policies table',
    run: bundle,
  },
  {
    id: 'stack-functions',
    what: 'the functions can run',
    otherwise: 'What the function does is not done; its queue fills.',
    where: 'stack',
    todo: DEPLOY,
    needs: 'cloudformation:ListStackResources and lambda:GetFunctionConfiguration',
    run: functions,
  },
  {
    id: 'stack-consumers',
    what: 'queues and streams are consumed',
    otherwise: 'Changes or commits wait and are lost when the queue or the stream forgets them (14 days, 24 hours).',
    where: 'stack',
    todo: 'aws lambda update-event-source-mapping --enabled --uuid <uuid>, or deploy again',
    needs: 'cloudformation:ListStackResources and lambda:GetEventSourceMapping',
    run: consumers,
  },
  {
    id: 'stack-rules',
    what: 'the rules of events and of the clock are on',
    otherwise:
      'News of AWS is not taken, or what goes by the clock (sweeps, repair, clauses on age, reminders) does not happen.',
    where: 'stack',
    todo: DEPLOY,
    needs: 'cloudformation:ListStackResources and events:DescribeRule',
    member: MEMBER,
    run: rules,
  },
  {
    id: 'stack-dead-letters',
    what: 'the dead-letter queues are empty',
    otherwise: 'What lies there was received and not judged, projected or told.',
    where: 'stack',
    todo: 'Remove the cause and redrive: docs/runbook.md, the section of the queue that ends with -dlq',
    needs: 'cloudformation:ListStackResources and sqs:GetQueueAttributes',
    member: 'Look at what is in it before it expires; npx edict sweep finds what still is',
    run: deadLetters,
  },
  {
    id: 'stack-errors',
    what: 'no function failed within the hour',
    otherwise: 'Queues deliver again what failed; what keeps failing becomes a dead letter.',
    where: 'stack',
    todo: 'docs/runbook.md#function-errors',
    needs: 'cloudwatch:GetMetricData',
    local: `${NOT_LOCAL}: it counts no invocations`,
    run: functionErrors,
  },
  {
    id: 'stack-alarms',
    what: 'no alarm rings',
    otherwise: 'Something of the service needs a person now.',
    where: 'stack',
    todo: 'docs/runbook.md, the section that the alarm names',
    needs: 'cloudformation:ListStackResources and cloudwatch:DescribeAlarms',
    local: `${NOT_LOCAL}: it evaluates no alarms`,
    run: alarms,
  },
  {
    id: 'stack-organisation',
    what: 'accounts of the organisation may send their events',
    otherwise:
      'EventBridge refuses what member accounts forward: after a day of tries it lies in their dead-letter queues.',
    where: 'stack',
    todo: `${DEPLOY}, with organizationId`,
    needs: 'events:DescribeEventBus',
    run: organisation,
  },
  {
    id: 'stack-slack',
    what: 'the secret for Slack is there',
    otherwise: 'Nobody is told in Slack; findings are in the table and on the bus all the same.',
    where: 'stack',
    todo: 'Make the secret that slackSecretName names: {"webhookUrl"} or {"token", "channel"}',
    needs: 'secretsmanager:DescribeSecret',
    run: slack,
  },
];
