/** The front door for webhooks: Azure Event Grid and Google Pub/Sub. */
import { S3Client } from '@aws-sdk/client-s3';
import middleware from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { makeS3Quarantine } from '../../shared/adapters/aws/s3-quarantine.ts';
import { makeSqsQueue, sqsClient } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeEventGridDoor } from '../../shared/adapters/azure/event-grid-door.ts';
import { makeAssetFeedDoor } from '../../shared/adapters/gcp/asset-feed-door.ts';
import { makeAzureCaller } from '../../shared/adapters/http-auth/azure-caller.ts';
import { makeGoogleCaller } from '../../shared/adapters/http-auth/google-caller.ts';
import { answers } from '../../shared/adapters/http-auth/http.ts';
import { fromApiGateway, toApiGateway } from '../../shared/adapters/http-auth/lambda.ts';
import { canaryCallSchema, makeCanaryDoor } from '../../shared/adapters/service/canary-door.ts';
import { now } from '../../shared/adapters/service/clock.ts';
import { makeCountedObserve } from '../../shared/adapters/service/counted-observe.ts';
import type { Change } from '../../shared/model/change.ts';
import { INGEST_PATHS } from '../../shared/model/deployment.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('ingest', process.env);
const telemetry = makeTelemetry('ingest', env);
const quarantine = makeS3Quarantine(new S3Client(), env.QUARANTINE_BUCKET);
const { send } = makeSqsQueue<Change>(sqsClient(), env.CHANGES_QUEUE_URL);
const observe = makeCountedObserve(quarantine, telemetry);
const common = { observe, send, quarantine, now, count: telemetry.count, log: telemetry.failed };

const { AZURE_CALLERS: azure, GOOGLE_CALLERS: google } = env;
const doors = new Map([
  ...(azure === undefined
    ? []
    : [[INGEST_PATHS.azure, makeEventGridDoor({ ...common, ...azure, check: makeAzureCaller(azure) })] as const]),
  ...(google === undefined
    ? []
    : [[INGEST_PATHS.google, makeAssetFeedDoor({ ...common, ...google, check: makeGoogleCaller(google) })] as const]),
]);

const canary = makeCanaryDoor(common, google?.subscription);

export const handler = middleware<APIGatewayProxyEventV2>()
  .use(baseStack(telemetry))
  .handler(async (event) => {
    const call = canaryCallSchema.safeParse(event);
    if (call.success) return toApiGateway(await canary(call.data));
    const request = fromApiGateway(event);
    const door = [...doors].find(([path]) => request.path.endsWith(path))?.[1];
    return toApiGateway(door === undefined ? answers.notFound : await door(request));
  });
