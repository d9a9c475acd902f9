/** The front door for the buttons and the form of Slack's messages. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middleware from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { readSecret } from '../../shared/adapters/aws/secret.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { makeDynamoExceptionStore } from '../../shared/adapters/dynamodb/exception-store.ts';
import { makeDynamoFindingStore } from '../../shared/adapters/dynamodb/finding-store.ts';
import { readNotifyConfig } from '../../shared/adapters/dynamodb/notify-config.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import { fromApiGateway, toApiGateway } from '../../shared/adapters/http-auth/lambda.ts';
import { nowMs, systemClock } from '../../shared/adapters/service/clock.ts';
import { makePolicyInForce } from '../../shared/adapters/service/policy-in-force.ts';
import { makeActionsDoor } from '../../shared/adapters/slack/actions-door.ts';
import { makeSlackClient, parseSlackSecret } from '../../shared/adapters/slack/client.ts';
import { makeSentRecord } from '../../shared/adapters/slack/sent-record.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('slack-actions', process.env);
const telemetry = makeTelemetry('slack-actions', env);
const secrets = new SecretsManagerClient();
const client = makeDocumentClient();
const policies = { client, name: env.POLICIES_TABLE };
const findings = makeDynamoFindingStore({ client, name: env.FINDINGS_TABLE });

const door = makeActionsDoor({
  slack: async () => {
    const secret = await readSecret(secrets, env.SLACK_SECRET);
    // Slack waits for three seconds, and whoever pressed the button with it.
    const slack = makeSlackClient({ secret, apiUrl: env.SLACK_URL, local: env.EDICT_LOCAL, timeoutMs: 2000 });
    return { secret: parseSlackSecret(secret), client: slack };
  },
  sent: makeSentRecord(new DynamoDBClient(), env.FINDINGS_TABLE, nowMs),
  find: (id) => findings.find(id),
  requests: {
    exceptions: makeDynamoExceptionStore(policies),
    resources: makeDynamoResourceStore({ client, name: env.RESOURCES_TABLE }),
    findings,
    policy: makePolicyInForce(makeDynamoPolicyStore(policies)),
    clock: systemClock,
  },
  config: () => readNotifyConfig(policies),
  count: telemetry.count,
  log: telemetry.failed,
});

export const handler = middleware<APIGatewayProxyEventV2>()
  .use(baseStack(telemetry))
  .handler(async (event) => toApiGateway(await door(fromApiGateway(event))));
