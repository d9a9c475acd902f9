import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, LogStream, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ARCHIVE_FAILED_PREFIX, ARCHIVE_PREFIX } from '../../shared/model/deployment.ts';
import type { EdictConfig } from '../config.ts';
import { addAlarm } from './alarm.ts';
import type { AppFunction } from './app-function.ts';

export interface ArchiveStreamProps {
  readonly config: EdictConfig;
  readonly bucket: Bucket;
  readonly key: Key;
}

/**
 * Gathers what is kept into large, packed objects: an object for each change would cost more than judging it. Under the
 * state's key, in the stream and in the bucket. It holds nothing for longer than five minutes.
 */
export class ArchiveStream extends Construct {
  readonly streamName: string;
  readonly #arn: string;

  constructor(scope: Construct, id: string, { config, bucket, key }: ArchiveStreamProps) {
    super(scope, id);
    const log = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: config.local ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    const lines = new LogStream(this, 'Lines', { logGroup: log, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('firehose.amazonaws.com'),
      description: 'What the stream into the archive may do',
    });
    // https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3, read 2026-11-25.
    const allow = (actions: string[], ...resources: string[]): void =>
      void role.addToPolicy(new PolicyStatement({ actions, resources }));
    allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], bucket.bucketArn);
    allow(['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject'], bucket.arnForObjects('*'));
    allow(['kms:GenerateDataKey', 'kms:Decrypt'], key.keyArn);
    log.grantWrite(role);

    const stream = new CfnDeliveryStream(this, 'Stream', {
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'CUSTOMER_MANAGED_CMK', keyArn: key.keyArn },
      extendedS3DestinationConfiguration: {
        bucketArn: bucket.bucketArn,
        roleArn: role.roleArn,
        prefix: `${ARCHIVE_PREFIX}!{timestamp:yyyy/MM/dd/HH}/`,
        errorOutputPrefix: `${ARCHIVE_FAILED_PREFIX}!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/`,
        bufferingHints: { intervalInSeconds: 300, sizeInMBs: 64 },
        compressionFormat: 'GZIP',
        encryptionConfiguration: { kmsEncryptionConfig: { awskmsKeyArn: key.keyArn } },
        cloudWatchLoggingOptions: { enabled: true, logGroupName: log.logGroupName, logStreamName: lines.logStreamName },
      },
    });
    // Without its permissions the stream cannot be made.
    stream.node.addDependency(role);
    this.streamName = stream.ref;
    this.#arn = stream.attrArn;

    addAlarm(this, 'Behind', {
      metric: new Metric({
        namespace: 'AWS/Firehose',
        metricName: 'DeliveryToS3.DataFreshness',
        dimensionsMap: { DeliveryStreamName: stream.ref },
        statistic: 'Maximum',
        period: Duration.minutes(5),
      }),
      threshold: Duration.hours(1).toSeconds(),
      evaluationPeriods: 3,
      says: 'What is to be kept has not reached the archive for an hour. After 24 hours it is lost.',
      runbook: 'archive',
    });
  }

  /** Lets a function put into it, and nothing else. */
  grantPut(to: AppFunction<'evaluate'>): void {
    to.function.addToRolePolicy(new PolicyStatement({ actions: ['firehose:PutRecordBatch'], resources: [this.#arn] }));
  }
}
