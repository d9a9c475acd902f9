/** Moves the canary on every configured path, and looks whether its last move was noticed. */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import middleware from '@middy/core';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { makeDynamoProbeLog } from '../../shared/adapters/dynamodb/probe-log.ts';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import { makeCanary } from '../../shared/adapters/service/canary.ts';
import { makeCanarySends } from '../../shared/adapters/service/canary-sends.ts';
import { systemClock } from '../../shared/adapters/service/clock.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('canary', process.env);
const telemetry = makeTelemetry('canary', env);
const table = { client: makeDocumentClient(), name: env.RESOURCES_TABLE };
const events = new EventBridgeClient();
const lambda = new LambdaClient();

const canary = makeCanary({
  send: makeCanarySends(env, {
    putEvents: (entry) => events.send(new PutEventsCommand({ Entries: [entry] })),
    invoke: (payload) =>
      lambda.send(new InvokeCommand({ FunctionName: env.INGEST_FUNCTION, Payload: Buffer.from(payload) })),
  }),
  resources: makeDynamoResourceStore(table),
  probes: makeDynamoProbeLog(table),
  nowMs: () => systemClock.now(),
  count: telemetry.count,
  log: telemetry.failed,
});

export const handler = middleware().use(baseStack(telemetry)).handler(canary);
