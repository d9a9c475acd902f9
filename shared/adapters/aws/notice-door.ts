import { configEvent, configItem, configNotice } from '../../mappings/dialects/aws-config.ts';
import { type Change, changeIdOf } from '../../model/change.ts';
import { LOCAL_SOURCES } from '../../model/deployment.ts';
import { isObject, type Json } from '../../model/json.ts';
import type { Observation, Observed } from '../../pipeline/stages.ts';
import { type DoorDeps, keep } from '../http-auth/door.ts';

export interface NoticeDoorDeps extends Pick<DoorDeps, 'quarantine' | 'now' | 'count'> {
  readonly observe: (observation: Observation) => Promise<Observed>;
  /** Take the sources that stand in for AWS's own on this machine. */
  readonly local: boolean;
  /** Reads a SageMaker state change; undefined if it is not one that can be used. */
  readonly sageMaker: (event: Json) => Change['content'] | undefined;
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
      return observed.changes;
    }
    const content = deps.sageMaker(event);
    if (content !== undefined) return [change(source, deps.now(), content)];
    await keep(deps, source, JSON.stringify(event), { reason: 'the event names no SageMaker resource' });
    return [];
  };
  return async (event) => {
    deps.count('ChangesReceived');
    const said = String(event['source']);
    for (const [source, local] of Object.entries(LOCAL_SOURCES))
      if (said === source || (deps.local && said === local)) return take(source, event);
    await keep(deps, 'aws.unknown', JSON.stringify(event), {
      reason: 'nobody asked for events of this source',
      pointer: '/source',
    });
    return [];
  };
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
