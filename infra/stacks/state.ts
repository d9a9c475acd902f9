import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import {
  type Attribute,
  findingsTable,
  policiesTable,
  resourcesTable,
  type TableShape,
} from '../../shared/model/tables.ts';
import { busName, EVENT_SOURCE, NO_ARCHIVE, type StateOutput, stackNames } from '../../shared/model/deployment.ts';
import { acknowledge } from '../constructs/nag.ts';
import type { EdictConfig } from '../config.ts';

export interface StateStackProps extends StackProps {
  readonly config: EdictConfig;
}

/** Everything that must outlive a deployment: tables, quarantine, the bus and its archive, under one key. */
export class StateStack extends Stack {
  // The classes and not their interfaces: those do not compile under exactOptionalPropertyTypes.
  readonly resources: Table;
  readonly findings: Table;
  readonly policies: Table;
  readonly quarantine: Bucket;
  /** With the key that it is under. Undefined where nothing is kept. */
  readonly archive: { readonly bucket: Bucket; readonly key: Key } | undefined;
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, props: StateStackProps) {
    const { config } = props;
    super(scope, id, {
      ...props,
      stackName: stackNames(config.stage).state,
      description: 'Edict: state',
      terminationProtection: !config.local,
    });
    const removalPolicy = config.local ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;

    const key = new Key(this, 'Key', {
      description: `edict ${config.stage}: inventory, findings, policies, quarantine`,
      enableKeyRotation: true,
      removalPolicy,
    });

    const table = (tableId: string, shape: TableShape): Table => {
      const made = new Table(this, tableId, {
        partitionKey: attribute(shape.partitionKey),
        ...(shape.sortKey === undefined ? {} : { sortKey: attribute(shape.sortKey) }),
        billingMode: BillingMode.PAY_PER_REQUEST,
        encryption: TableEncryption.CUSTOMER_MANAGED,
        encryptionKey: key,
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        deletionProtection: !config.local,
        ...(shape.expiresAt === undefined ? {} : { timeToLiveAttribute: shape.expiresAt }),
        ...(shape.stream ? { stream: StreamViewType.NEW_AND_OLD_IMAGES } : {}),
        removalPolicy,
      });
      for (const index of shape.indexes)
        made.addGlobalSecondaryIndex({
          indexName: index.name,
          partitionKey: attribute(index.partitionKey),
          ...(index.sortKey === undefined ? {} : { sortKey: attribute(index.sortKey) }),
          projectionType: ProjectionType[index.projection],
        });
      return made;
    };
    this.resources = table('Resources', resourcesTable);
    this.findings = table('Findings', findingsTable);
    // Only what is authored expires: where nothing is, the table is as it was.
    const expiring = config.authoring === undefined ? {} : { expiresAt: 'expires_at' };
    this.policies = table('Policies', { ...policiesTable, ...expiring });

    const bucket = (bucketId: string, keptDays: number): Bucket => {
      const made = new Bucket(this, bucketId, {
        encryption: BucketEncryption.KMS,
        encryptionKey: key,
        bucketKeyEnabled: true,
        blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
        objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforceSSL: true,
        lifecycleRules: [
          {
            id: `forget-after-${keptDays}-days`,
            expiration: Duration.days(keptDays),
            abortIncompleteMultipartUploadAfter: Duration.days(1),
          },
        ],
        removalPolicy,
      });
      acknowledge(
        made,
        'AwsSolutions-S1',
        'Only Edict writes here and only people with the runbook in hand read: CloudTrail data events are the log of that, a second bucket of access logs adds none.',
      );
      return made;
    };
    this.quarantine = bucket('Quarantine', 30);
    this.archive = config.archiveDays === 0 ? undefined : { bucket: bucket('Archive', config.archiveDays), key };

    const bus = new EventBus(this, 'Bus', {
      eventBusName: busName(config.stage),
      description: 'What Edict publishes: findings opened, changed, resolved',
    });
    this.bus = bus;
    if (!config.local)
      bus.archive('Archive', {
        archiveName: busName(config.stage),
        description: 'Findings events, for replay into a new subscriber',
        eventPattern: { source: [EVENT_SOURCE] },
        retention: Duration.days(90),
      });

    const output = (name: StateOutput, value: string) => new CfnOutput(this, name, { value });
    output('ResourcesTable', this.resources.tableName);
    output('FindingsTable', this.findings.tableName);
    output('PoliciesTable', this.policies.tableName);
    output('QuarantineBucket', this.quarantine.bucketName);
    output('BusName', this.bus.eventBusName);
    // A deployment that keeps nothing says so, and is not taken for an older one.
    output('ArchiveBucket', this.archive?.bucket.bucketName ?? NO_ARCHIVE);
  }
}

const attribute = ({ name, type }: Attribute) => ({
  name,
  type: type === 'S' ? AttributeType.STRING : AttributeType.NUMBER,
});
