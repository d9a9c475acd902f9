/** `edict observe` is for the stack on this machine: no deployment in an account takes made-up documents from it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { observe } from '../../../cli/commands/observe.ts';
import { stackNames } from '../../../shared/model/deployment.ts';
import { type Provider, startProvider } from '../../support/provider.ts';

const OURS = ['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
const before = new Map(OURS.map((name) => [name, process.env[name]]));
let provider: Provider;
beforeEach(async () => {
  provider = await startProvider(({ body }) => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>${new URLSearchParams(body).get('StackName') ?? ''}</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-25T09:00:00Z</CreationTime><Outputs><member><OutputKey>Local</OutputKey><OutputValue>false</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  }));
  process.env['AWS_ENDPOINT_URL'] = provider.url;
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
});
afterEach(async () => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await provider.stop();
});

describe('observe', () => {
  it('refuses a stack that is not local, and sends it nothing', async () => {
    await expect(observe(['package.json'], { stage: 'prod', region: 'eu-central-1' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/on this machine alone/),
    });
    const names = stackNames('prod');
    const asked = provider.asked.map(({ body }) => new URLSearchParams(body));
    expect(asked.map((query) => [query.get('Action'), query.get('StackName')])).toEqual([
      ['DescribeStacks', names.state],
      ['DescribeStacks', names.pipeline],
    ]);
  });
});
