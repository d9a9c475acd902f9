import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { FunctionName } from '../../shared/runtime/env.ts';
import { METRIC_NAMESPACE, type MetricName } from '../../shared/model/telemetry.ts';
import type { EdictConfig } from '../config.ts';

export interface RunbookAlarmProps {
  readonly metric: IMetric;
  /** What is wrong when it rings, in one sentence. */
  readonly says: string;
  /** The section of docs/runbook.md that says what to do. */
  readonly runbook: string;
  /** It rings above this. @default 0 */
  readonly threshold?: number;
  /** Periods in a row that must be above. @default 1 */
  readonly evaluationPeriods?: number;
  /** So many of those periods are enough. @default all of them */
  readonly datapointsToAlarm?: number;
  /** What silence means. @default not breaching */
  readonly silence?: TreatMissingData;
  /** @default greater than the threshold */
  readonly comparison?: ComparisonOperator;
}

/** Adds an alarm that names its section of the runbook. Its state changes reach people over the observability stack's rule. */
export function addAlarm(scope: Construct, id: string, props: RunbookAlarmProps): Alarm {
  return new Alarm(scope, id, {
    metric: props.metric,
    threshold: props.threshold ?? 0,
    evaluationPeriods: props.evaluationPeriods ?? 1,
    ...(props.datapointsToAlarm === undefined ? {} : { datapointsToAlarm: props.datapointsToAlarm }),
    comparisonOperator: props.comparison ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: props.silence ?? TreatMissingData.NOT_BREACHING,
    alarmDescription: `${props.says} What to do: docs/runbook.md#${props.runbook}`,
  });
}

/** One of Edict's own metrics, as one function counts it: the sum over five minutes, or over `period`. */
export const edictMetric = (
  config: EdictConfig,
  name: MetricName,
  service: FunctionName,
  period = Duration.minutes(5),
): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: name,
    dimensionsMap: { service, stage: config.stage },
    statistic: 'Sum',
    // No label: with one, an alarm becomes metric math, which the local AWS does not take.
    period,
  });
