import { Stack, type StackProps } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { stackNames } from '../../shared/model/deployment.ts';
import type { MetricName } from '../../shared/model/telemetry.ts';
import type { FunctionName } from '../../shared/runtime/env.ts';
import type { EdictConfig } from '../config.ts';
import { edictMetric } from '../constructs/alarm.ts';
import type { WorkQueue } from '../constructs/work-queue.ts';

export interface ObservabilityStackProps extends StackProps {
  readonly config: EdictConfig;
  readonly queues: readonly WorkQueue[];
}

/** The rows of the dashboard: a question, and the metrics that answer it. */
const GRAPHS: readonly {
  readonly title: string;
  readonly metrics: readonly (readonly [MetricName, FunctionName])[];
}[] = [
  {
    title: 'What became of the changes',
    metrics: [
      ['ChangesJudged', 'evaluate'],
      ['ChangesStale', 'evaluate'],
      ['ChangesUnsupported', 'evaluate'],
      ['ChangesQuarantined', 'evaluate'],
      ['ChangesFailed', 'evaluate'],
    ],
  },
  {
    title: 'The front door',
    metrics: [
      ['ChangesReceived', 'ingest'],
      ['ChangesQuarantined', 'ingest'],
      ['CallersRefused', 'ingest'],
      ['CallersUncheckable', 'ingest'],
    ],
  },
  {
    title: 'What was published',
    metrics: [
      ['Transitions', 'project'],
      ['PolicyErrors', 'project'],
      ['RecordsPoisoned', 'project'],
      ['MessagesSent', 'notify-slack'],
      ['MessagesFailed', 'notify-slack'],
    ],
  },
  {
    title: 'Asking the providers',
    metrics: [
      ['ReadBacksDenied', 'evaluate'],
      ['ReadBacksThrottled', 'evaluate'],
      ['ResourcesSwept', 'sweep'],
      ['SweepsDenied', 'sweep'],
      ['ResourcesAbsent', 'sweep'],
      ['MissedEvents', 'evaluate'],
      ['CanaryDetected', 'canary'],
      ['CanaryMissed', 'canary'],
    ],
  },
];

/** Where there is an authoring stack. */
const AUTHORING: (typeof GRAPHS)[number] = {
  title: 'Authoring',
  metrics: [
    ['ModelCalls', 'author'],
    ['ModelTokens', 'author'],
    ['AuthoringRefused', 'author'],
  ],
};

/** What people look at and what wakes them: one dashboard, and every alarm of the stacks on one topic. */
export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    const { config } = props;
    const names = stackNames(config.stage);
    super(scope, id, { ...props, stackName: names.observability, description: 'Edict: observability' });

    // By event and not by an action of each alarm: the stacks with alarms need not know who is woken.
    const topic = new Topic(this, 'Alarms', { displayName: `Edict ${config.stage} alarms`, enforceSSL: true });
    const watched = [names.pipeline, ...(config.authoring === undefined ? [] : [names.authoring])];
    new Rule(this, 'AlarmRings', {
      description: 'An alarm of the pipeline rings, or stops',
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change'],
        detail: {
          alarmName: Match.anyOf(...watched.map((name) => Match.prefix(`${name}-`))),
          state: { value: ['ALARM', 'OK'] },
        },
      },
      targets: [new SnsTopic(topic)],
    });

    const graphs = config.authoring === undefined ? GRAPHS : [...GRAPHS, AUTHORING];
    const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 12, height: 6 });
    new Dashboard(this, 'Dashboard', {
      dashboardName: `edict-${config.stage}`,
      widgets: [
        graphs.map(({ title, metrics }) =>
          graph(
            title,
            metrics.map(([name, service]) => edictMetric(config, name, service)),
          ),
        ),
        [
          graph(
            'Waiting',
            props.queues.map(({ queue }) => queue.metricApproximateNumberOfMessagesVisible()),
          ),
          graph(
            'Dead letters',
            props.queues.map(({ deadLetters }) => deadLetters.metricApproximateNumberOfMessagesVisible()),
          ),
        ],
      ],
    });
  }
}
