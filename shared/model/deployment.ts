/** Names that a deployment and those who work with it share: stacks, their outputs, event sources. */

/** The CloudFormation stacks of a stage, by lifetime. */
export const stackNames = (stage: string) =>
  ({
    state: `edict-${stage}-state`,
    pipeline: `edict-${stage}-pipeline`,
    /** Only where a language model is configured. */
    authoring: `edict-${stage}-authoring`,
    observability: `edict-${stage}-observability`,
  }) as const;

/** The outputs of the stacks, by the name they have in CloudFormation. */
export const STACK_OUTPUTS = {
  state: ['ResourcesTable', 'FindingsTable', 'PoliciesTable', 'QuarantineBucket', 'BusName', 'ArchiveBucket'],
  pipeline: ['IngestUrl', 'IngestFunction', 'ChangesQueueUrl', 'ReJudgeQueueUrl', 'SweepMachineArn', 'Local'],
  authoring: ['AuthoringQueueUrl'],
} as const;
export type StateOutput = (typeof STACK_OUTPUTS)['state'][number];
export type PipelineOutput = (typeof STACK_OUTPUTS)['pipeline'][number];
export type AuthoringOutput = (typeof STACK_OUTPUTS)['authoring'][number];

/** The paths of the ingest API. */
export const INGEST_PATHS = { azure: '/azure/events', google: '/google/assets', slack: '/slack/actions' } as const;

/** Where the archive's bucket holds what was kept, below it the hour: `changes/2026/11/25/09/`; and what could not be delivered. */
export const ARCHIVE_PREFIX = 'changes/';
export const ARCHIVE_FAILED_PREFIX = 'failed/';
/** The output that names the archive's bucket, where there is none. */
export const NO_ARCHIVE = 'none';

/** The source of every event that Edict publishes. */
export const EVENT_SOURCE = 'edict';

/**
 * Event sources that stand in for AWS's own where nobody may use those: `PutEvents` refuses a source `aws.…`. Only the
 * rule of the local context accepts them.
 */
export const LOCAL_SOURCES = { 'aws.config': 'edict.local.config', 'aws.sagemaker': 'edict.local.sagemaker' } as const;

/** The detail-types that the rule on the default bus takes from AWS. https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-sagemaker.html, read 2026-11-25. */
export const AWS_DETAIL_TYPES = {
  'aws.config': ['Config Configuration Item Change'],
  'aws.sagemaker': [
    'SageMaker Endpoint State Change',
    'SageMaker Endpoint Config State Change',
    'SageMaker Model State Change',
  ],
} as const;

/** The message types of Config's changes that are judged: with the item inside, and too large for it. */
export const CONFIG_MESSAGE_TYPES = [
  'ConfigurationItemChangeNotification',
  'OversizedConfigurationItemChangeNotification',
] as const;

/** The bus that findings are published on: `edict`, and for a stage besides prod `edict-<stage>`. */
export const busName = (stage: string): string => (stage === 'prod' ? 'edict' : `edict-${stage}`);
