/** Brings documents to the front doors of a local stack, in the way their providers do. */
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { AppError } from '../../shared/model/errors.ts';
import { INGEST_PATHS, LOCAL_SOURCES } from '../../shared/model/deployment.ts';
import type { Json } from '../../shared/model/json.ts';

/** What a provider sends. */
export type Delivery =
  /** An EventBridge event on the default bus; `source` is AWS's own, and its local stand-in is what is sent. */
  | {
      readonly door: 'aws';
      readonly source: keyof typeof LOCAL_SOURCES;
      readonly detailType: string;
      readonly resources: readonly string[];
      readonly detail: Json;
    }
  /** The body of one Event Grid delivery: an array of events in the one schema, a CloudEvent in the other. */
  | { readonly door: 'azure'; readonly schema: 'event-grid' | 'cloud-events'; readonly body: Json }
  /** The message of an asset feed; it travels as the data of a Pub/Sub push. */
  | { readonly door: 'google'; readonly asset: Json };

export interface FrontDoors {
  /** Delivers as the provider would. Throws `UPSTREAM_UNAVAILABLE` with the answer if it is not taken. */
  deliver(delivery: Delivery): Promise<void>;
  /**
   * Event Grid's handshake. Throws if it is not answered as Azure wants it. That of the CloudEvents schema is an OPTIONS
   * request, which the local AWS answers itself (as CORS) instead of passing it on.
   */
  shakeHands(): Promise<void>;
}

export interface FrontDoorOptions {
  readonly events: EventBridgeClient;
  /** The endpoint of the local AWS, which serves the HTTP API too. */
  readonly endpoint: string;
  /** The output `IngestUrl`. */
  readonly ingestUrl: string;
  readonly pushSubscription: string;
  readonly token: (caller: 'azure' | 'google') => Promise<string>;
  /** The certificate (PEM) of a local AWS that speaks HTTPS. */
  readonly certificate?: string;
}

/** The HTTP API under the one endpoint of the local AWS: `https://<id>.execute-api.…` is nobody's name here. */
export function localIngestUrl(endpoint: string, ingestUrl: string): string {
  const { hostname } = new URL(ingestUrl);
  const [id = ''] = hostname.split('.');
  return hostname.includes('.execute-api.') ? `${endpoint}/_aws/execute-api/${id}/$default` : ingestUrl;
}

export function makeFrontDoors(options: FrontDoorOptions): FrontDoors {
  const ingest = localIngestUrl(options.endpoint, options.ingestUrl);
  let messages = 0;

  const post = async (
    caller: 'azure' | 'google',
    path: string,
    contentType: string,
    body: Json,
    headers: { readonly [name: string]: string } = {},
  ): Promise<string> => {
    const answer = await request(`${ingest}${path}`, options.certificate, {
      method: 'POST',
      headers: { authorization: `Bearer ${await options.token(caller)}`, 'content-type': contentType, ...headers },
      body: JSON.stringify(body),
    });
    if (answer.status < 200 || answer.status > 299)
      throw notTaken(`the front door answered ${answer.status} ${answer.body.slice(0, 200)}`);
    return answer.body;
  };

  return {
    async deliver(delivery) {
      switch (delivery.door) {
        case 'aws': {
          const { source, detailType, resources, detail } = delivery;
          const { Entries } = await options.events.send(
            new PutEventsCommand({
              Entries: [
                {
                  Source: LOCAL_SOURCES[source],
                  DetailType: detailType,
                  Resources: [...resources],
                  Detail: JSON.stringify(detail),
                },
              ],
            }),
          );
          const [entry] = Entries ?? [];
          if (entry?.ErrorCode !== undefined) throw notTaken(`EventBridge answered ${entry.ErrorCode}`);
          return;
        }
        case 'azure':
          await (delivery.schema === 'event-grid'
            ? post('azure', INGEST_PATHS.azure, 'application/json', delivery.body, { 'aeg-event-type': 'Notification' })
            : post('azure', INGEST_PATHS.azure, 'application/cloudevents+json', delivery.body));
          return;
        case 'google':
          messages += 1;
          await post('google', INGEST_PATHS.google, 'application/json', {
            message: {
              data: Buffer.from(JSON.stringify(delivery.asset)).toString('base64'),
              messageId: `${Date.now()}${messages}`,
              publishTime: new Date().toISOString(),
            },
            subscription: options.pushSubscription,
          });
          return;
      }
    },

    async shakeHands() {
      const code = 'B2B1F6D4-8C3E-4F57-9A06-7D1E5C2A94F8';
      const answer = await post(
        'azure',
        INGEST_PATHS.azure,
        'application/json',
        [
          {
            id: 'd1c5e9a7-40b2-4c68-8f35-9e7a6b0d2c14',
            topic: '',
            subject: '',
            eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
            eventTime: new Date().toISOString(),
            data: { validationCode: code },
            dataVersion: '1',
            metadataVersion: '1',
          },
        ],
        { 'aeg-event-type': 'SubscriptionValidation' },
      );
      if ((JSON.parse(answer) as { validationResponse?: string }).validationResponse !== code)
        throw notTaken('the handshake of the Event Grid schema was not answered with its code');
    },
  };
}

const notTaken = (why: string): AppError => new AppError('UPSTREAM_UNAVAILABLE', `The delivery was not taken: ${why}`);

interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request; `fetch` cannot be told to trust one certificate. */
export function request(
  url: string,
  certificate: string | undefined,
  what: { readonly method: string; readonly headers: { readonly [name: string]: string }; readonly body?: string },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const settings = { method: what.method, headers: what.headers, timeout: 30_000 };
    const heard = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    };
    const call = url.startsWith('https:')
      ? httpsRequest(url, { ...settings, ...(certificate === undefined ? {} : { ca: certificate }) }, heard)
      : httpRequest(url, settings, heard);
    call.once('timeout', () => call.destroy(notTaken('the front door did not answer')));
    call.once('error', reject);
    call.end(what.body);
  });
}
