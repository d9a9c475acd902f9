/** Whether AWS Config tells of what is judged, as it happens. */
import {
  ConfigServiceClient,
  type ConfigurationRecorder,
  DescribeConfigurationAggregatorsCommand,
  DescribeConfigurationAggregatorSourcesStatusCommand,
  DescribeConfigurationRecordersCommand,
  DescribeConfigurationRecorderStatusCommand,
  DescribeDeliveryChannelsCommand,
} from '@aws-sdk/client-config-service';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromAws } from '../../shared/adapters/aws/errors.ts';
import { typesOf } from '../../shared/adapters/service/inventories.ts';
import { allOf, type Check, type Found, missing, notApplicable, ok, unknown } from './check.ts';
import { clockOf } from './clock.ts';
import { listed, type World } from './world.ts';

const NO_CONFIG = 'the local AWS has no AWS Config: stories and "edict observe" stand in for it';
const NO_RECORDER = 'AWS Config has no recorder here';
/** The native types that are judged. */
const JUDGED = typesOf('aws.config');

/** The account's own recorder; one that another service made for itself tells nobody else. */
async function recorder(world: World): Promise<ConfigurationRecorder | undefined> {
  try {
    const { ConfigurationRecorders } = await world
      .client(ConfigServiceClient)
      .send(new DescribeConfigurationRecordersCommand({}), { abortSignal: world.signal });
    return listed(ConfigurationRecorders, 'AWS Config').find((r) => r.servicePrincipal === undefined);
  } catch (error) {
    throw fromAws(error, 'ask AWS Config for its recorder');
  }
}

async function recording(world: World): Promise<Found> {
  const own = await recorder(world);
  if (own === undefined) return missing(NO_RECORDER);
  const { ConfigurationRecordersStatus } = await world
    .client(ConfigServiceClient)
    .send(new DescribeConfigurationRecorderStatusCommand({}), { abortSignal: world.signal });
  const status = listed(ConfigurationRecordersStatus, 'AWS Config').find((s) => s.name === own.name);
  if (status?.recording === undefined) return unknown(`AWS Config does not say whether ${own.name ?? ''} records`);
  if (!status.recording) return missing(`the recorder ${own.name ?? ''} is off`);
  const { lastStatus, lastErrorCode = '', lastErrorMessage = '' } = status;
  return lastStatus?.toUpperCase() === 'FAILURE'
    ? missing(`the recorder fails: ${lastErrorCode} ${lastErrorMessage}`.trim())
    : ok(`the recorder ${own.name ?? ''} is on`);
}

async function types(world: World): Promise<Found> {
  const own = await recorder(world);
  if (own === undefined) return missing(NO_RECORDER);
  const group = own.recordingGroup;
  if (group === undefined) return unknown('AWS Config does not say what it records');
  const left = notRecorded(group);
  return left.length === 0
    ? ok(`all ${JUDGED.length} types that are judged are recorded`)
    : missing(`not recorded: ${left.join(', ')}`);
}

/** The judged types that a recording group leaves out. https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html, read 2026-11-25. */
function notRecorded(group: NonNullable<ConfigurationRecorder['recordingGroup']>): readonly string[] {
  const excluded: readonly string[] = group.exclusionByResourceTypes?.resourceTypes ?? [];
  const included: readonly string[] = group.resourceTypes ?? [];
  const isExcluding = group.recordingStrategy?.useOnly === 'EXCLUSION_BY_RESOURCE_TYPES' || excluded.length > 0;
  if (isExcluding) return JUDGED.filter((type) => excluded.includes(type));
  return group.allSupported === true ? [] : JUDGED.filter((type) => !included.includes(type));
}

async function frequency(world: World): Promise<Found> {
  const own = await recorder(world);
  if (own === undefined) return missing(NO_RECORDER);
  // Continuous unless it is said otherwise: https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorder.html, read 2026-11-25.
  const { recordingFrequency = 'CONTINUOUS', recordingModeOverrides = [] } = own.recordingMode ?? {};
  const late = JUDGED.filter((type) => {
    const override = recordingModeOverrides.find((o) =>
      (o.resourceTypes as readonly string[] | undefined)?.includes(type),
    );
    return (override?.recordingFrequency ?? recordingFrequency) !== 'CONTINUOUS';
  });
  return late.length === 0
    ? ok('changes are recorded as they happen')
    : missing(`recorded once a day: ${late.length === JUDGED.length ? 'everything that is judged' : late.join(', ')}`);
}

async function delivery(world: World): Promise<Found> {
  const { DeliveryChannels } = await world
    .client(ConfigServiceClient)
    .send(new DescribeDeliveryChannelsCommand({}), { abortSignal: world.signal });
  const [channel] = listed(DeliveryChannels, 'AWS Config');
  return channel === undefined
    ? missing('AWS Config has no delivery channel: without one it records nothing')
    : ok(`the delivery channel ${channel.name ?? ''} is there`);
}

async function aggregator(world: World): Promise<readonly Found[]> {
  const { aggregator: name } = await world.settings();
  if (name === undefined) return [notApplicable('no awsAggregator is configured: this account alone is swept')];
  const client = world.client(ConfigServiceClient);
  const query = { ConfigurationAggregatorName: name };
  try {
    const { ConfigurationAggregators } = await client.send(
      new DescribeConfigurationAggregatorsCommand({ ConfigurationAggregatorNames: [name] }),
      { abortSignal: world.signal },
    );
    if (listed(ConfigurationAggregators, 'AWS Config').length === 0) return [missing(`there is no aggregator ${name}`)];
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchConfigurationAggregatorException')
      return [missing(`there is no aggregator ${name}`)];
    throw error;
  }
  const behind: Found[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeConfigurationAggregatorSourcesStatusCommand({
        ...query,
        UpdateStatus: ['FAILED', 'OUTDATED'],
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
      { abortSignal: world.signal },
    );
    for (const s of listed(page.AggregatedSourceStatusList, 'AWS Config'))
      behind.push(
        missing(`${s.LastUpdateStatus ?? ''}: ${s.LastErrorMessage ?? s.LastErrorCode ?? 'no reason is given'}`, {
          where: `${s.SourceId ?? name} ${s.AwsRegion ?? ''}`.trim(),
        }),
      );
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return allOf(behind, `${name} gathers from all its sources`);
}

async function clock(world: World): Promise<Found> {
  const whoAmI = new GetCallerIdentityCommand({});
  let date: string | undefined;
  whoAmI.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: { readonly [name: string]: string } };
      date = headers?.['date'];
      return result;
    },
    { step: 'deserialize' },
  );
  const { Account } = await world.client(STSClient).send(whoAmI, { abortSignal: world.signal });
  if (Account === undefined) return unknown('what answered is not AWS');
  return clockOf(date, world.nowMs());
}

export const AWS_CHECKS: readonly Check[] = [
  {
    id: 'aws-recorder',
    what: 'AWS Config records',
    otherwise: 'AWS Config tells of nothing: changes are neither seen nor judged.',
    where: 'aws',
    todo: 'aws configservice start-configuration-recorder --configuration-recorder-name <name>',
    needs: 'config:DescribeConfigurationRecorders and config:DescribeConfigurationRecorderStatus',
    local: NO_CONFIG,
    member: 'aws configservice start-configuration-recorder --configuration-recorder-name <name>',
    run: recording,
  },
  {
    id: 'aws-recorded-types',
    what: 'AWS Config records every type that is judged',
    otherwise: 'Resources of these types are never seen: no finding of them is no good news.',
    where: 'aws',
    todo: 'Record all resource types, or add these: aws configservice put-configuration-recorder',
    needs: 'config:DescribeConfigurationRecorders',
    local: NO_CONFIG,
    member: 'Record all resource types, or add these: aws configservice put-configuration-recorder',
    run: types,
  },
  {
    id: 'aws-recording-frequency',
    what: 'AWS Config records continuously',
    otherwise: 'A change is seen up to a day later, and what was open in between is never seen.',
    where: 'aws',
    todo: 'Set the recording frequency of these types to CONTINUOUS: aws configservice put-configuration-recorder',
    needs: 'config:DescribeConfigurationRecorders',
    local: NO_CONFIG,
    member: 'Set the recording frequency of these types to CONTINUOUS: aws configservice put-configuration-recorder',
    run: frequency,
  },
  {
    id: 'aws-delivery-channel',
    what: 'AWS Config has a delivery channel',
    otherwise: 'The recorder cannot be started.',
    where: 'aws',
    todo: 'aws configservice put-delivery-channel',
    needs: 'config:DescribeDeliveryChannels',
    local: NO_CONFIG,
    member: 'aws configservice put-delivery-channel',
    run: delivery,
  },
  {
    id: 'aws-aggregator',
    what: 'the aggregator gathers from all its accounts',
    otherwise: 'The inventory of those accounts is old: what no event told is not found.',
    where: 'aws',
    todo: 'Authorise this account in those accounts, and switch their recorders on',
    needs: 'config:DescribeConfigurationAggregators and config:DescribeConfigurationAggregatorSourcesStatus',
    local: NO_CONFIG,
    run: aggregator,
  },
  {
    id: 'aws-clock',
    what: 'this clock and that of AWS agree',
    otherwise:
      'AWS refuses requests that are signed minutes off, and what was true when is told wrongly by whoever reads both clocks.',
    where: 'aws',
    todo: 'Set the clock of this machine by NTP',
    needs: 'sts:GetCallerIdentity, which everybody may whose credentials are valid',
    local: 'the local AWS has the clock of this machine',
    member: 'Set the clock of this machine by NTP',
    run: clock,
  },
];
