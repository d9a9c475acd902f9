/** The template of a member account, deployed into the local AWS. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { expect, it } from 'vitest';
import { localAccount, localRegion, startLocalAws } from '../../local/ministack.ts';
import { describeWith } from '../support/requirements.ts';

const file = join(import.meta.dirname, '..', '..', 'onboarding', 'aws', 'member.yaml');

describeWith(['python'], 'the template of a member account', () => {
  it('is deployed, and its rules have the bus of Edict as their target', async () => {
    const aws = await startLocalAws({ port: 0 });
    try {
      const options = {
        endpoint: aws.endpoint,
        region: localRegion,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      };
      const cloudformation = new CloudFormationClient(options);
      const parameters = {
        EdictAccount: '999988887777',
        EdictRegion: 'eu-central-1',
        ExternalId: 'edict-0123456789',
        // The local AWS compares the name of a pseudo parameter, and not its value.
        GlobalRegion: 'AWS::Region',
      };
      await cloudformation.send(
        new CreateStackCommand({
          StackName: 'edict-member',
          TemplateBody: readFileSync(file, 'utf8'),
          Capabilities: ['CAPABILITY_NAMED_IAM'],
          Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
            ParameterKey,
            ParameterValue,
          })),
        }),
      );
      await waitUntilStackCreateComplete(
        { client: cloudformation, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
        { StackName: 'edict-member' },
      );
      const { StackResources = [] } = await cloudformation.send(
        new DescribeStackResourcesCommand({ StackName: 'edict-member' }),
      );
      const made = Object.fromEntries(StackResources.map((r) => [r.LogicalResourceId, r.PhysicalResourceId]));
      expect(made).toMatchObject({ Reader: 'edict-reader', Undelivered: expect.stringContaining(localAccount) });
      const events = new EventBridgeClient(options);
      const { Rules = [] } = await events.send(new ListRulesCommand({}));
      expect(Rules).toHaveLength(2);
      for (const { Name, EventPattern } of Rules) {
        expect(JSON.parse(EventPattern ?? '')).toHaveProperty('source');
        const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: Name }));
        expect(Targets.map((t) => t.Arn)).toEqual(['arn:aws:events:eu-central-1:999988887777:event-bus/default']);
      }
    } finally {
      await aws.stop();
    }
  });
});
