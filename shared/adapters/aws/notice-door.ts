import { type SageMakerNotice, sageMakerNotice } from '../../mappings/aws/sagemaker-endpoint.ts';
import { configEvent, configItem, configNotice } from '../../mappings/dialects/aws-config.ts';
import { type Change, changeIdOf } from '../../model/change.ts';
import { CANARY, CANARY_SOURCE } from '../../model/canary.ts';
import { LOCAL_SOURCES } from '../../model/deployment.ts';
import { isObject, type Json } from '../../model/json.ts';
import type { Observation, Observed } from '../../pipeline/stages.ts';
import { type DoorDeps, keep } from '../http-auth/door.ts';
import { parameterNotices } from './parameter-notices.ts';

export interface NoticeDoorDeps extends Pick<DoorDeps, 'quarantine' | 'now' | 'count'> {
  readonly observe: (observation: Observation) => Promise<Observed>;
  /** Take the sources that stand in for AWS's own on this machine. */
  readonly local: boolean;
}

/** True for what EventBridge put on the queue; everything else there is Edict's own. */
export const isEventBridgeEvent = (body: unknown): body is { readonly [key: string]: Json } =>
  isObject(body) && typeof body['detail-type'] === 'string' && typeof body['source'] === 'string';

/** Takes an event of the default bus off its envelope. What cannot be used is kept in the quarantine: no changes. */
export function makeNoticeDoor(
  deps: NoticeDoorDeps,
): (event: { readonly [key: string]: Json }) => Promise<readonly Change[]> {
  const take = async (source: string, event: Json): Promise<readonly Change[]> => {
    if (source === 'aws.config') {
      const notice = configNotice(event);
      if (notice !== undefined && notice.oversized && !notice.deleted) return [oversized(deps.now(), notice)];
      const observed = await deps.observe({
        source,
        origin: 'event',
        form: configEvent.id,
        document: event,
        receivedAt: deps.now(),
      });
      // Nothing is read where the event itself was turned away.
      if (observed.changes.length === 0 || notice === undefined) return observed.changes;
      const parameters = parameterNotices(() => configEvent.read(event, {}), notice.captureTime);
      return [...observed.changes, ...parameters.map((content) => change(source, deps.now(), content))];
    }
    // Under its own name, whichever source may stand in for it.
    const notice = sageMakerNotice({ ...(event as object), source });
    if (notice !== undefined) return [change(source, deps.now(), sageMakerContent(notice))];
    await keep(deps, source, JSON.stringify(event), { reason: 'the event names no SageMaker resource' });
    return [];
  };
  return async (event) => {
    deps.count('ChangesReceived');
    const said = event['source'];
    for (const [source, local] of Object.entries(LOCAL_SOURCES))
      if (said === source || (deps.local && said === local)) return take(source, event);
    if (said === CANARY_SOURCE && isOfCanary(event)) return take(CANARY.aws.source, event);
    await keep(deps, 'aws.unknown', JSON.stringify(event), {
      reason: 'nobody asked for events of this source',
      pointer: '/source',
    });
    return [];
  };
}

/** Whoever may put events on our bus may speak as the canary: it speaks of its own resource and of nothing else. */
function isOfCanary(event: Json): boolean {
  try {
    const natives = configEvent.read(event, {});
    return natives.length > 0 && natives.every(({ id }) => id === CANARY.aws.id);
  } catch {
    return false;
  }
}

const change = (source: string, receivedAt: string, content: Change['content']): Change => {
  const made = { source, origin: 'event', receivedAt, content } as const;
  return { type: 'change', version: 1, changeId: changeIdOf(made), ...made };
};

/** A change that was too large for its event: to be read back, under the id that its document will have. */
function oversized(receivedAt: string, notice: NonNullable<ReturnType<typeof configNotice>>): Change {
  const { resourceType, resourceId, resourceName, account, region, captureTime } = notice;
  // A deleted item needs no configuration: the form's own reader says what the resource is called.
  const [named] = configItem.read(
    {
      resourceType,
      resourceId,
      resourceName: resourceName ?? null,
      awsAccountId: account ?? null,
      awsRegion: region ?? null,
      configurationItemStatus: 'ResourceDeleted',
      configurationItemCaptureTime: captureTime,
    },
    {},
  );
  return change('aws.config', receivedAt, {
    is: 'notice',
    cloud: 'aws',
    resourceId: named?.id ?? resourceId,
    nativeType: resourceType,
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
    changedAt: captureTime,
    hints: { resourceId },
  });
}

/** SageMaker's events tell that something happened; what it is now is read back, a deletion too. */
const sageMakerContent = ({ resourceType, resourceId, name, account, region, changedAt }: SageMakerNotice) => ({
  is: 'notice' as const,
  cloud: 'aws' as const,
  resourceId,
  nativeType: resourceType,
  account,
  region,
  changedAt,
  hints: { name },
});
