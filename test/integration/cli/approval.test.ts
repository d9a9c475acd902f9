/**
 * Approval, release and the chain of a finding against a deployment in an AWS account (the local AWS, by way of
 * CloudFormation's outputs as everywhere): who somebody is, AWS says.
 */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, CreateStackCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../../../local/ministack.ts';
import { makeDocumentClient } from '../../../shared/adapters/dynamodb/client.ts';
import { makeDynamoFindingStore } from '../../../shared/adapters/dynamodb/finding-store.ts';
import { makeDynamoPolicyStore } from '../../../shared/adapters/dynamodb/policy-store.ts';
import { readPolicyFolder } from '../../../shared/adapters/files/policy-folder.ts';
import { buildBundle } from '../../../shared/adapters/opa/build.ts';
import { formatManifest, MANIFEST_FILE, WASM_FILE } from '../../../shared/adapters/opa/bundle-files.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import { stackNames } from '../../../shared/model/deployment.ts';
import { findingId } from '../../../shared/model/finding.ts';
import { findingsTable, policiesTable } from '../../../shared/model/tables.ts';
import { applyTransition } from '../../../shared/pipeline/publish.ts';
import { folderOf } from '../../../shared/policy/bundle.ts';
import { transition } from '../../support/conformance/finding-store.ts';
import { describeWith } from '../../support/requirements.ts';
import { createTable } from '../../support/tables.ts';
import { edict, type Run } from './run.ts';

const STAGE = 'approval';
const REGION = 'us-east-1';
const policies = join(import.meta.dirname, '..', '..', '..', 'policies');
const one = 'object-store.versioned';
const two = 'sql-database.deletion-protected';
const resource = 'arn:aws:s3:::reports';

describeWith(['python', 'opa'], 'approval against a deployment', () => {
  let aws: LocalAws;
  let config: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  /** Runs a command on the deployment as whoever assumed the role under that name. */
  let as: (role: string, session: string, ...args: readonly string[]) => Promise<Run>;
  const on = (name: string) => ({ client: makeDocumentClient(config), name });

  /** A bundle of two of the policies that ship, and nobody's approvals. */
  const folder = mkdtempSync(join(tmpdir(), 'edict-approval-'));
  const bundle = ['--bundle', folder, '--approvals', join(folder, 'approvals.yaml')] as const;

  beforeAll(async () => {
    const { manifest: built, wasm } = buildBundle(
      join(policies, '..', '.bin', 'opa'),
      [one, two].map((id) => {
        const { compiled, version } = readPolicyFolder(join(policies, folderOf(id)), kinds);
        return { ...compiled, bundled: { ...compiled.bundled, version: version.hash } };
      }),
    );
    writeFileSync(join(folder, MANIFEST_FILE), formatManifest(built));
    writeFileSync(join(folder, WASM_FILE), wasm);
    aws = await startLocalAws({ port: 0 });
    config = {
      endpoint: aws.endpoint,
      region: REGION,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const plain = new DynamoDBClient(config);
    await createTable(plain, 'policies', policiesTable);
    await createTable(plain, 'findings', findingsTable);
    const cloudFormation = new CloudFormationClient(config);
    for (const [name, outputs] of [
      [stackNames(STAGE).state, { PoliciesTable: 'policies', FindingsTable: 'findings' }],
      [stackNames(STAGE).pipeline, { Local: 'false' }],
    ] as const) {
      const Outputs = Object.fromEntries(Object.entries(outputs).map(([key, Value]) => [key, { Value }]));
      const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } }, Outputs });
      await cloudFormation.send(new CreateStackCommand({ StackName: name, TemplateBody }));
      await waitUntilStackCreateComplete({ client: cloudFormation, maxWaitTime: 60 }, { StackName: name });
    }
    const sts = new STSClient(config);
    as = async (role, session, ...args) => {
      const RoleArn = `arn:aws:iam::000000000000:role/${role}`;
      const { Credentials: keys } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: session }));
      return edict([...args, '--stage', STAGE, '--region', REGION], {
        env: {
          AWS_ENDPOINT_URL: aws.endpoint,
          AWS_ACCESS_KEY_ID: keys?.AccessKeyId ?? '',
          AWS_SECRET_ACCESS_KEY: keys?.SecretAccessKey ?? '',
          AWS_SESSION_TOKEN: keys?.SessionToken ?? '',
        },
      });
    };
  });
  afterAll(async () => {
    await aws.stop();
  });

  // Step by step: each goes on from what the one before left.

  it('releases nothing that nobody approved, and says of each how it is approved', async () => {
    const { code, stderr } = await as('Releaser', 'cy', 'release', ...bundle);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /Nothing was released, because not approved are object-store\.versioned, sql-database\.deletion-protected/,
    );
    expect(stderr).toMatch(/object-store\.versioned +version [0-9a-f]{12}: its approval was never asked for/);
    expect(stderr).toContain('edict policies request');
    expect(await makeDynamoPolicyStore(on('policies')).active()).toBeUndefined();
  });

  it('knows who asks and who approves by their credentials, whatever they call themselves', async () => {
    const asked = await as('Author', 'ann', 'policies', 'request', one, two);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toContain(
      'asked for by arn:aws:sts::000000000000:assumed-role/Author/ann; waits for approval',
    );
    expect(await as('Author', 'ann', 'policies', 'approve', one, '--as', 'ben')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('leave --as away'),
    });
    // The same role under another name is not another person.
    expect(await as('Author', 'ben', 'policies', 'approve', one)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('another person has to'),
    });
    const stale = await as('Approver', 'ben', 'policies', 'approve', one, '--hash', 'e'.repeat(12));
    expect(stale).toMatchObject({ code: 2, stderr: expect.stringMatching(/is not version e+ any more/) });
  });

  it('asks nobody about a policy that does not pass its gates', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'edict-bad-'));
    cpSync(join(policies, folderOf(one)), join(copy, folderOf(one)), { recursive: true });
    const yaml = join(copy, folderOf(one), 'policy.yaml');
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('is: true', 'is: false'));
    const { code, stderr } = await as('Author', 'ann', 'policies', 'request', copy);
    expect(code).toBe(2);
    expect(stderr).toMatch(/object-store\.versioned does not pass identity, /);
  });

  it('of two who approve at once tells one that the other did', async () => {
    const both = await Promise.all([
      as('Approver', 'ben', 'policies', 'approve', one),
      as('Auditor', 'di', 'policies', 'approve', one),
    ]);
    const codes = both.map((r) => String(r.code)).sort();
    const told = both.map((r) => r.stderr).join('');
    expect(codes).toEqual(['0', '2']);
    expect(told).toMatch(/approved already: approved by arn:aws:sts::000000000000:assumed-role\/(?:Approver|Auditor)/);
  });

  it('releases what is approved, in shadow and then active, and goes back in one command', async () => {
    const half = await as('Releaser', 'cy', 'release', ...bundle);
    expect(half).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/not approved is sql-database\.[^]*1 more person/),
    });
    expect(await as('Auditor', 'di', 'policies', 'approve', two)).toMatchObject({ code: 0 });
    const { stdout } = await as('Auditor', 'di', 'policies', 'approvals', one, two, '--format', 'json');
    const { policies: listed } = JSON.parse(stdout) as { policies: readonly { policy: string; state: string }[] };
    expect(listed.map((p) => [p.policy, p.state])).toEqual([one, two].map((id) => [id, 'approved']));

    const shadow = await as('Releaser', 'cy', 'release', ...bundle, '--shadow', one);
    expect(shadow).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/in shadow object-store\.versioned .*sequence 1\)/),
    });
    const active = await as(
      'Releaser',
      'cy',
      'release',
      '--approvals',
      join(folder, 'approvals.yaml'),
      '--activate',
      one,
    );
    expect(active).toMatchObject({ code: 0, stdout: expect.stringContaining('(sequence 2)') });
    const store = makeDynamoPolicyStore(on('policies'));
    expect(await store.active()).not.toHaveProperty('shadow');
    expect(await as('Releaser', 'cy', 'rollback')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('in shadow'),
    });
    expect(await store.active()).toMatchObject({ sequence: 3, shadow: [one] });
  });

  it('checks the chain of a finding against what the deployment keeps, and fails where a link is broken', async () => {
    const store = makeDynamoPolicyStore(on('policies'));
    const active = await store.active();
    const manifest = (await store.bundle(active?.bundle ?? ''))?.manifest;
    const facts = manifest?.policies.find((p) => p.id === one)?.reads ?? [];
    const last = transition(3, null, 'violation', {
      policy: one,
      facts: facts.map((fact) => ({ fact, after: { state: 'known' as const, value: false, at: '/versioning' } })),
      activation: 3,
      shadow: true,
    });
    const id = findingId(one, resource);
    const head = {
      id: resource,
      mapping: 'aws/s3-bucket',
      cloud: 'aws',
      kind: 'object_store',
      nativeType: 'AWS::S3::Bucket',
    } as const;
    await makeDynamoFindingStore(on('findings')).write(applyTransition(undefined, id, head, last), last);

    const whole = await as('Auditor', 'di', 'finding', id.slice(0, 8), '--chain', '--format', 'json');
    expect(whole.stderr).toBe('');
    const { intact, links } = JSON.parse(whole.stdout) as {
      intact: boolean;
      links: readonly { name: string; state: string; says: string }[];
    };
    expect([whole.code, intact]).toEqual([0, true]);
    expect(links.filter((l) => l.state !== 'verified')).toEqual([]);
    expect(links.find((l) => l.name === 'approvals')?.says).toMatch(/Author\/ann \(sts\).*approved by .*\(sts\)/);

    const copy = mkdtempSync(join(tmpdir(), 'edict-chain-'));
    cpSync(policies, copy, { recursive: true });
    const intent = join(copy, 'object-store', 'versioned', 'intent.md');
    writeFileSync(intent, `${readFileSync(intent, 'utf8')}Except on Sundays.\n`);
    const other = await as('Auditor', 'di', 'finding', id, '--chain', '--policies', copy);
    expect(other).toMatchObject({ code: 1, stdout: expect.stringMatching(/✗ intent[^]*broken: intent, version/) });

    // Someone who may write the table changes what is judged by.
    const { client, name: TableName } = on('policies');
    await client.send(
      new UpdateCommand({
        TableName,
        Key: { id: `bundle#${active?.bundle}`, item: 'manifest' },
        UpdateExpression: 'SET #m = :m',
        ExpressionAttributeNames: { '#m': 'manifest' },
        ExpressionAttributeValues: { ':m': JSON.stringify({ ...manifest, policies: manifest?.policies.slice(1) }) },
      }),
    );
    const tampered = await as('Auditor', 'di', 'finding', id, '--chain');
    expect(tampered).toMatchObject({ code: 1, stdout: expect.stringMatching(/✗ bundle[^]*broken: wasm, bundle/) });
  });
});
