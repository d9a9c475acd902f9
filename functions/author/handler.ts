/** Authors policies: sentences and what people say come by queue, and drafts are kept in the table. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middleware from '@middy/core';
import type { SQSEvent } from 'aws-lambda';
import { parseAuthoring } from '../../shared/adapters/anthropic/config.ts';
import { readSecret } from '../../shared/adapters/aws/secret.ts';
import { makeSqsQueue, sqsClient } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeDynamoAuthoringJobs } from '../../shared/adapters/dynamodb/authoring-jobs.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { makeAuthoring } from '../../shared/adapters/service/authoring.ts';
import { makeAuthoringModel } from '../../shared/adapters/service/authoring-model.ts';
import { authoringWorld } from '../../shared/adapters/service/authoring-world.ts';
import { now, systemClock } from '../../shared/adapters/service/clock.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { answerBatch } from '../../shared/runtime/sqs-batch.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

/** For one call of a model: several fit into an invocation. */
const CALL_SECONDS = 240;

const env = parseEnvironment('author', process.env);
const { AUTHORING_SECRET: secret } = env;
const telemetry = makeTelemetry('author', env);
const config = parseAuthoring({ ...env.AUTHORING, timeout_seconds: CALL_SECONDS });
const secrets = new SecretsManagerClient();
const table = { client: makeDocumentClient(), name: env.POLICIES_TABLE };
const policies = makeDynamoPolicyStore(table);

const work = makeAuthoring({
  jobs: makeDynamoAuthoringJobs(table, () => systemClock.now()),
  model: () =>
    makeAuthoringModel({
      config,
      secret: secret === undefined ? undefined : () => readSecret(secrets, secret),
      clock: () => performance.now(),
    }),
  tokenBudget: config.token_budget,
  activeBundle: async () => (await policies.active())?.bundle ?? null,
  manifest: async (bundle) => (await policies.bundle(bundle))?.manifest,
  world: authoringWorld,
  queue: makeSqsQueue(sqsClient(), env.AUTHORING_QUEUE_URL),
  now,
  count: telemetry.count,
  log: telemetry.failed,
});

export const handler = middleware<SQSEvent>()
  .use(baseStack(telemetry))
  .handler((event, context) =>
    answerBatch(event, (messages) =>
      work(messages, { remainingMs: () => context.getRemainingTimeInMillis(), callMs: CALL_SECONDS * 1000 }),
    ),
  );
