/** What a customer deploys elsewhere, held against what this deployment takes and reads. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { addEdict } from '../../infra/edict.ts';
import { AWS_DETAIL_TYPES, CONFIG_MESSAGE_TYPES } from '../../shared/model/deployment.ts';

const folder = join(import.meta.dirname, '..', '..', 'onboarding');
const { context: flags } = JSON.parse(readFileSync(join(folder, '..', 'cdk.json'), 'utf8')) as {
  readonly context: Record<string, unknown>;
};

// oxlint-disable-next-line typescript/no-explicit-any -- templates are read by path; each expectation says what is there
type Properties = { readonly [key: string]: any };
interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: { readonly [operator: string]: unknown };
}

const adapters = join(folder, '..', 'shared', 'adapters');
/** The prefix of a service's actions, where it is not that of its client. */
const PREFIXES: { readonly [client: string]: string } = { 'config-service': 'config', 's3-control': 's3' };
/** Actions that are named otherwise than their call. https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html, read 2026-11-25. */
const ACTIONS: { readonly [call: string]: string } = { 's3:GetPublicAccessBlock': 's3:GetAccountPublicAccessBlock' };
/** The actions that an adapter's calls need: what it imports of the SDK to send. */
function callsOf(file: string): readonly string[] {
  const text = readFileSync(join(adapters, file), 'utf8');
  const imports = [...text.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g)];
  return imports.flatMap(([, names = '', client = '']) =>
    [...names.matchAll(/(\w+)Command\b/g)].map(([, call]) => {
      const action = `${PREFIXES[client] ?? client}:${call}`;
      return ACTIONS[action] ?? action;
    }),
  );
}

/** Which function makes the calls of an adapter anywhere in an account; the others call on what is Edict's own. */
const CALLERS: { readonly [file: string]: 'Evaluate' | 'Sweep' | 'own' } = {
  'api-read-back.ts': 'Evaluate',
  'config-read-back.ts': 'Evaluate',
  // To the one stream of the deployment.
  'firehose-archive.ts': 'own',
  'inventory.ts': 'Sweep',
  // Becomes the reader of another account, by its name.
  'read-back.ts': 'own',
  's3-archive.ts': 'own',
  's3-quarantine.ts': 'own',
  'secret.ts': 'own',
  'sqs-queue.ts': 'own',
};
/** Allowed to everybody, whatever a policy says. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html, read 2026-11-25. */
const NEEDS_NO_GRANT = 'sts:GetCallerIdentity';
const calledBy = (caller: 'Evaluate' | 'Sweep'): readonly string[] =>
  Object.entries(CALLERS)
    .flatMap(([file, who]) => (who === caller ? callsOf(join('aws', file)) : []))
    .filter((action) => action !== NEEDS_NO_GRANT)
    .toSorted();

/** What each function of a deployment may do on any resource: by the beginning of its policy's id. */
let anywhere: (caller: 'Evaluate' | 'Sweep') => readonly string[];
beforeAll(() => {
  const app = new App({
    context: { ...flags, bundle: 'false', awsReaderRole: 'edict-reader', awsExternalId: '12345678' },
  });
  const { pipeline } = addEdict(
    app,
    readConfig((key) => app.node.tryGetContext(key)),
  );
  const policies = Object.entries(Template.fromStack(pipeline).findResources('AWS::IAM::Policy'));
  anywhere = (caller) =>
    policies
      .filter(([id]) => id.startsWith(caller))
      .flatMap(([, r]) => (r as { Properties: Properties }).Properties['PolicyDocument'].Statement as Statement[])
      .filter((s) => s.Resource === '*')
      .flatMap((s) => [s.Action].flat())
      .toSorted();
});

describe('the deployment itself', () => {
  it('may do anywhere just what the code calls', () => {
    const callers = globSync('*.ts', { cwd: join(adapters, 'aws') }).filter((file) =>
      readFileSync(join(adapters, 'aws', file), 'utf8').includes("from '@aws-sdk/client-"),
    );
    expect(Object.keys(CALLERS)).toEqual(callers.toSorted());
    for (const caller of ['Evaluate', 'Sweep'] as const) {
      expect(calledBy(caller).length).toBeGreaterThan(2);
      expect(anywhere(caller)).toEqual(calledBy(caller));
    }
  });
});

describe('a member account', () => {
  // The CDK reads every type and property of it: one that does not exist ends the test.
  const stack = new Stack(new App(), 'Member');
  const included = new CfnInclude(stack, 'Template', { templateFile: join(folder, 'aws', 'member.yaml') });
  const template = Template.fromStack(included.stack);
  const propertiesOf = (type: string): readonly Properties[] =>
    Object.values(template.findResources(type)).map((r) => (r as { Properties: Properties }).Properties);

  it('forwards what the rules of the deployment take, and nothing else', () => {
    const patterns = propertiesOf('AWS::Events::Rule').map((rule) => rule['EventPattern'] as Properties);
    expect(patterns).toEqual([
      {
        source: ['aws.config'],
        'detail-type': [...AWS_DETAIL_TYPES['aws.config']],
        detail: { messageType: [...CONFIG_MESSAGE_TYPES] },
      },
      { source: ['aws.sagemaker'], 'detail-type': [...AWS_DETAIL_TYPES['aws.sagemaker']] },
    ]);
  });

  it('keeps what it could not deliver, and goes on trying for a day', () => {
    for (const { Targets } of propertiesOf('AWS::Events::Rule'))
      expect(Targets).toEqual([
        expect.objectContaining({
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': 'Undelivered.Arn' } },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        }),
      ]);
    expect(propertiesOf('AWS::SQS::Queue')).toEqual([
      expect.objectContaining({ MessageRetentionPeriod: 14 * 86_400, SqsManagedSseEnabled: true }),
    ]);
  });

  it('lets Edict read just what the evaluator asks, by name and external id', () => {
    const reader = propertiesOf('AWS::IAM::Role').find((role) => role['RoleName'] !== undefined) as Properties;
    const statement = (reader['Policies'][0].PolicyDocument.Statement as readonly Statement[])[0] as Statement;
    expect(statement.Action).toEqual(anywhere('Evaluate'));
    const [trust] = reader['AssumeRolePolicyDocument'].Statement as readonly Statement[];
    expect(trust?.Condition).toMatchObject({
      StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } },
      ArnLike: {
        'aws:PrincipalArn': { 'Fn::Sub': expect.stringMatching(/:role\/edict-\$\{Stage\}-pipeline-Evaluate\*$/) },
      },
    });
  });

  it('has no wildcard but that of reading what is not known beforehand', () => {
    const statements = propertiesOf('AWS::IAM::Role').flatMap((role) =>
      (role['Policies'] as readonly Properties[]).flatMap((p) => p['PolicyDocument'].Statement as readonly Statement[]),
    );
    expect(statements.filter((s) => s.Resource === '*')).toHaveLength(1);
    expect(statements.flatMap((s) => [s.Action].flat()).filter((action) => action.includes('*'))).toEqual([]);
  });

  it('makes nothing that would send its own account’s events round', () => {
    for (const type of ['AWS::Events::Rule', 'AWS::SQS::Queue', 'AWS::SQS::QueuePolicy'])
      for (const resource of Object.values(template.findResources(type)))
        expect((resource as { Condition?: string }).Condition).toBe('IsElsewhere');
  });
});
