import { Logger } from '@aws-lambda-powertools/logger';
import { MetricUnit, Metrics } from '@aws-lambda-powertools/metrics';
import { isAppError } from '../model/errors.ts';
import { METRIC_NAMESPACE, type MetricName } from '../model/telemetry.ts';
import type { FunctionName } from './env.ts';

/** What a metric may be told apart by, besides the stage: never an id. */
export interface Dimensions {
  readonly cloud?: string;
  readonly source?: string;
  readonly kind?: string;
  readonly verdict?: string;
  readonly severity?: string;
  readonly code?: string;
}

/** What a function says of itself. */
export interface Telemetry {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Counts under the stage and, where dimensions are given, under those as well. */
  readonly count: (name: MetricName, value?: number, dimensions?: Dimensions) => void;
  /** Logs what went wrong, an error by its code; nothing of the native document. */
  readonly failed: (what: string, error: unknown, keys?: { readonly [key: string]: unknown }) => void;
}

/** The logger and metrics of a function: JSON lines and EMF in the namespace `Edict`, with the stage on each. */
export function makeTelemetry(service: FunctionName, env: { EDICT_STAGE: string; LOG_LEVEL: string }): Telemetry {
  const logger = new Logger({
    serviceName: service,
    logLevel: env.LOG_LEVEL as 'INFO',
    persistentKeys: { deployment: env.EDICT_STAGE },
  });
  const metrics = new Metrics({
    namespace: METRIC_NAMESPACE,
    serviceName: service,
    defaultDimensions: { stage: env.EDICT_STAGE },
  });
  return {
    logger,
    metrics,
    count(name, value = 1, dimensions = {}) {
      if (value === 0) return;
      metrics.addMetric(name, MetricUnit.Count, value);
      const given = Object.entries(dimensions).filter((entry): entry is [string, string] => entry[1] !== undefined);
      if (given.length === 0) return;
      // A set of its own: in EMF every metric of one line has the same dimensions.
      const single = metrics.singleMetric();
      for (const [dimension, of] of given) single.addDimension(dimension, of);
      single.addMetric(name, MetricUnit.Count, value);
    },
    failed(what, error, keys = {}) {
      if (error === undefined) {
        logger.warn(what, { ...keys });
        return;
      }
      const known = isAppError(error)
        ? { code: error.code, retryable: error.retryable, details: error.details }
        : { code: 'INVARIANT_BROKEN' };
      const expected = isAppError(error) && (error.retryable || error.code === 'UPSTREAM_DENIED');
      logger[expected ? 'warn' : 'error'](what, {
        ...keys,
        ...known,
        error: error instanceof Error ? error : new Error('something that is no error was thrown'),
      });
    },
  };
}
