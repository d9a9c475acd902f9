import { caiFeed, pubsubTemporalAsset } from '../../mappings/dialects/cai.ts';
import { isObject } from '../../model/json.ts';
import { type DoorDeps, keep, parseBody, throughDoor } from '../http-auth/door.ts';
import { answers, type HttpAnswer, type HttpRequest, sizeOf } from '../http-auth/http.ts';

export const ASSET_FEED_SOURCE = 'gcp.asset-feed';
/** Less than what a Lambda function is called with (6 MB); an asset above it is not one that is judged. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** A new feed says so in a sentence: no change. */
const WELCOME = /^You have successfully configured/;

export interface AssetFeedDoorDeps extends DoorDeps {
  /** The one subscription that pushes, as the message names it. */
  readonly subscription: string;
}

/**
 * Takes what Pub/Sub pushes of a Cloud Asset feed. Whatever the push holds it is answered 2xx: Pub/Sub sends everything
 * else again until its retention ends.
 */
export const makeAssetFeedDoor =
  (deps: AssetFeedDoorDeps): ((request: HttpRequest) => Promise<HttpAnswer>) =>
  (request) =>
    throughDoor(deps, ASSET_FEED_SOURCE, request, async () => {
      const unusable = async (reason: string, pointer?: string): Promise<HttpAnswer> => {
        await keep(deps, ASSET_FEED_SOURCE, readable(request.body), {
          reason,
          ...(pointer === undefined ? {} : { pointer }),
        });
        return answers.taken;
      };
      if (sizeOf(request) > MAX_BODY_BYTES) {
        deps.count('CallersTooLarge');
        return unusable(`a push is at most ${MAX_BODY_BYTES} bytes`);
      }
      deps.count('ChangesReceived');
      const body = parseBody(request.body);
      if (body === undefined) return unusable('the body is not JSON, or nested too deep');
      if (!isObject(body) || body['subscription'] !== deps.subscription)
        return unusable('the push does not come from the configured subscription', '/subscription');
      const data = dataOf(body);
      if (parseBody(data) === undefined && isJson(data))
        return unusable('the asset is nested too deep', '/message/data');
      const document = pubsubTemporalAsset(body);
      if (document === undefined) {
        if (!WELCOME.test(data)) return unusable('the message holds no asset', '/message/data');
        deps.count('ChangesUnsupported');
        return answers.taken;
      }
      const { changes } = await deps.observe({
        source: ASSET_FEED_SOURCE,
        origin: 'event',
        form: caiFeed.id,
        document,
        receivedAt: deps.now(),
      });
      if (changes.length > 0) await deps.send(changes);
      return answers.taken;
    });

/** The message's data as text; '' where there is none. */
function dataOf(body: unknown): string {
  const message = isObject(body) ? body['message'] : undefined;
  const data = isObject(message) ? message['data'] : undefined;
  return typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : '';
}

/** The body with its data decoded: what is kept must show its secrets to the redaction. */
function readable(text: string): string {
  const body = parseBody(text);
  if (!isObject(body) || !isObject(body['message'])) return text;
  const data = dataOf(body);
  return JSON.stringify({ ...body, message: { ...body['message'], data: parseBody(data) ?? data } });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
