import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import type { Telemetry } from './telemetry.ts';

/**
 * What every handler is wrapped in: the request's id on every log line, keys of one event forgotten at the next, metrics
 * written at the end whatever happens. No logic lives in middleware.
 */
export const baseStack = ({ logger, metrics }: Telemetry) => [
  injectLambdaContext(logger, { resetKeys: true }),
  logMetrics(metrics),
];
