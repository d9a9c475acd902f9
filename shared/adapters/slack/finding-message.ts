import { isObject } from '../../model/json.ts';
import { FINDING_DETAIL_TYPES, type FindingEvent } from '../../model/finding-event.ts';

/**
 * The finding event in what a rule of the bus put on a queue; undefined if it is none. The bus is our own and only
 * Edict may publish on it, so the detail is trusted as far as its id and its type.
 */
export function findingEventIn(body: string): FindingEvent | undefined {
  let envelope: unknown;
  try {
    envelope = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(envelope) || !isObject(envelope['detail'])) return undefined;
  const { detail, time } = envelope;
  const detailType = envelope['detail-type'];
  const edict = detail['edict'];
  if (!isObject(edict) || typeof edict['eventId'] !== 'string' || edict['version'] !== 1) return undefined;
  const known =
    detailType === 'FindingsBaselined.v1' ||
    detailType === 'ExceptionExpiring.v1' ||
    FINDING_DETAIL_TYPES.some((type) => type === detailType);
  if (!known) return undefined;
  const resource = isObject(edict['resource']) ? edict['resource']['id'] : '';
  return { id: edict['eventId'], detailType, time, resource, detail } as unknown as FindingEvent; // checked above as far as it is used unseen
}
