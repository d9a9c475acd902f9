import {
  type ConfigServiceClient,
  GetResourceConfigHistoryCommand,
  type ResourceType,
} from '@aws-sdk/client-config-service';
import { configItem } from '../../mappings/dialects/aws-config.ts';
import { type Notice, parseInstant } from '../../model/change.ts';
import { AppError } from '../../model/errors.ts';
import type { Json } from '../../model/json.ts';
import type { NativeIdentity, ReadBack } from '../../ports/read-back.ts';
import { fromAws } from './errors.ts';

/** Pages looked through for the version that a notice is about; it is the newest or nearly so. */
const MAX_PAGES = 5;

/**
 * Reads back what a Config notice was too large to carry: the item's history, newest first, until the capture time is
 * the notice's. A version that is not there yet is `UPSTREAM_UNAVAILABLE`: the history lags behind the event.
 */
export const makeConfigReadBack = (config: ConfigServiceClient): ReadBack => ({
  async read(notice) {
    const { nativeType, hints } = notice;
    const resourceId = hints?.['resourceId'];
    if (nativeType === undefined || resourceId === undefined)
      return { is: 'unsupported', nativeType: nativeType ?? 'unknown' };
    const wanted = notice.changedAt;
    let nextToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await ask(config, nativeType, resourceId, nextToken);
      if (answer === 'denied') return { is: 'denied', readKey: wanted, native: identity(notice, nativeType) };
      for (const item of answer.configurationItems ?? []) {
        const captured = parseInstant(item.configurationItemCaptureTime?.toISOString() ?? '');
        if (captured === wanted)
          return {
            is: 'found',
            readKey: wanted,
            documents: [{ form: configItem.id, document: JSON.parse(JSON.stringify(item)) as Json }],
          };
        // Newest first: what is older than the version we look for is not followed by it.
        if (captured !== undefined && captured < wanted) throw notYet(wanted);
      }
      nextToken = answer.nextToken;
      if (nextToken === undefined) break;
    }
    throw notYet(wanted);
  },
});

const identity = (notice: Notice, type: string): NativeIdentity => ({
  dialect: 'aws.config',
  type,
  id: notice.resourceId,
  ...(notice.account === undefined ? {} : { account: notice.account }),
  ...(notice.region === undefined ? {} : { region: notice.region }),
});

async function ask(config: ConfigServiceClient, type: string, resourceId: string, nextToken: string | undefined) {
  try {
    return await config.send(
      new GetResourceConfigHistoryCommand({
        // The SDK's list of types is older than the service's.
        resourceType: type as ResourceType,
        resourceId,
        chronologicalOrder: 'Reverse',
        limit: 20,
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
    );
  } catch (error) {
    const app = fromAws(error, 'read the history of a resource from AWS Config');
    if (app.code === 'UPSTREAM_DENIED') return 'denied' as const;
    // Unknown to Config although Config has just told us of it: not there yet, which proves nothing.
    throw app;
  }
}

const notYet = (wanted: string): AppError =>
  new AppError('UPSTREAM_UNAVAILABLE', `AWS Config's history does not hold the version of ${wanted} yet`);
