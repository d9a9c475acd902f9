/** Activation by `edict author`, on a stack of the local AWS: what comes into force, and that nothing comes half into it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { type LocalAws, startLocalAws } from '../../../local/ministack.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { makeDocumentClient } from '../../../shared/adapters/dynamodb/client.ts';
import { makeDynamoPolicyStore } from '../../../shared/adapters/dynamodb/policy-store.ts';
import { policiesTable, resourcesTable } from '../../../shared/model/tables.ts';
import { describeWith } from '../../support/requirements.ts';
import { createTable } from '../../support/tables.ts';
import { edict } from '../cli/run.ts';

const intent = (environment: string, name: string): object => ({
  text: `${environment} buckets accept nothing but TLS`,
  paraphrases: [
    `Nothing but TLS is accepted by buckets: ${environment}`,
    `${environment} buckets must accept only TLS`,
    `Only TLS is what buckets accept, ${environment} ones`,
    `Buckets (${environment}) accept TLS and nothing else`,
    `What ${environment} buckets accept is TLS alone`,
  ],
  author: {
    policies: [
      {
        kind: 'object_store',
        name,
        clauses: { c: { fact: 'tls_only', is: true } },
        covers: { c: 'accept nothing but TLS', scope: environment, kind: 'buckets' },
        applies_when: { fact: 'environment', is: environment.toLowerCase() },
      },
    ],
  },
});
const script = parseScript(
  JSON.stringify({
    intents: [
      intent('Test', 'test-tls-only'),
      intent('Staging', 'staging-tls-only'),
      intent('Development', 'development-tls-only'),
    ],
  }),
);
const sentence = (environment: string): string => `${environment} buckets accept nothing but TLS`;

interface Told {
  readonly is: string;
  readonly saved: {
    readonly as: string;
    readonly activation: number | null;
    readonly notActivated: string | null;
    readonly folders: readonly string[];
  };
}

describeWith(['opa', 'regal', 'python'], 'activation by authoring', () => {
  let server: MessagesServer;
  let aws: LocalAws;
  let home = '';
  let env: { readonly [name: string]: string } = {};
  const store = () =>
    makeDynamoPolicyStore({
      client: makeDocumentClient({
        endpoint: aws.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      }),
      name: 'policies',
    });
  const inForce = async (): Promise<readonly string[]> => {
    const active = await store().active();
    const bundle = active === undefined ? undefined : await store().bundle(active.bundle);
    return (bundle?.manifest.policies ?? []).map((p) => p.id);
  };

  beforeAll(async () => {
    server = await startMessagesServer(script);
    aws = await startLocalAws({ port: 0 });
    const config = {
      endpoint: aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const plain = new DynamoDBClient(config);
    await createTable(plain, 'policies', policiesTable);
    await createTable(plain, 'resources', resourcesTable);
    home = mkdtempSync(join(tmpdir(), 'edict-activation-'));
    const url = 'http://127.0.0.1:9';
    const local = {
      version: 1,
      pid: process.pid,
      startedAt: new Date().toISOString(),
      stage: 'local',
      region: 'us-east-1',
      endpoint: aws.endpoint,
      outputs: { PoliciesTable: 'policies', ResourcesTable: 'resources' },
      tokenIssuer: url,
      arm: url,
      pushSubscription: 'none',
      azureSubscriptions: [],
    };
    writeFileSync(join(home, 'local.json'), JSON.stringify(local));
    env = { EDICT_LOCAL_STACK: join(home, 'local.json') };
    expect(await edict(['release'], { cwd: home, env })).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await aws.stop();
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** Authors in a folder of its own, by Ada, approved by Grace. */
  const author = async (environment: string, cwd: string, ...args: readonly string[]) => {
    const run = await edict(
      [
        'author',
        '--base-url',
        server.url,
        '--yes',
        '--json',
        '--as',
        'Ada',
        '--approve-as',
        'Grace',
        '--out',
        'mine',
        ...args,
        '--',
        sentence(environment),
      ],
      { cwd, env },
    );
    return { code: run.code, told: JSON.parse(run.stdout) as Told };
  };
  const folderOf = (name: string): string => mkdtempSync(join(home, name));

  it('puts what is proved in force, and records that its approver has seen nothing', async () => {
    const cwd = folderOf('first-');
    const before = await store().active();
    const { told, code } = await author('Test', cwd);
    expect(told).toMatchObject({
      is: 'authored',
      judged: 'none',
      saved: { as: 'activate', activation: (before?.sequence ?? 0) + 1, notActivated: null },
    });
    expect(code).toBe(0);
    expect(await inForce()).toContain('object-store.test-tls-only');
    const { approvals } = parse(readFileSync(join(cwd, 'mine', 'approvals.yaml'), 'utf8')) as {
      readonly approvals: readonly object[];
    };
    expect(approvals).toMatchObject([
      {
        author: { who: 'Ada' },
        decisions: [{ is: 'approved', by: { who: 'Grace', established: 'declared' }, judged: 'none' }],
      },
    ]);
    const listed = await edict(['policies', 'approvals', join(cwd, 'mine')], { cwd, env });
    expect(listed.stdout).toMatch(/approved by Grace \(declared\) \S+, unseen/);

    // In the same place the next one stands beside it.
    expect((await author('Staging', cwd)).told).toMatchObject({ saved: { as: 'activate' } });
    expect(await inForce()).toEqual(
      expect.arrayContaining(['object-store.staging-tls-only', 'object-store.test-tls-only']),
    );
  });

  it('activates nothing that would take from what is in force, and leaves no approval behind', async () => {
    const cwd = folderOf('elsewhere-');
    const before = await store().active();
    const { told, code } = await author('Development', cwd);
    expect(code).toBe(1);
    expect(told).toMatchObject({
      saved: {
        as: 'draft',
        activation: null,
        notActivated: expect.stringMatching(
          /object-store\.staging-tls-only, object-store\.test-tls-only, which this folder does not have/,
        ),
      },
    });
    expect(await store().active()).toEqual(before);
    expect(existsSync(join(cwd, 'mine'))).toBe(false);
    const [folder = ''] = told.saved.folders;
    expect(existsSync(join(cwd, folder, 'policy.yaml'))).toBe(true);
    expect(existsSync(join(cwd, folder, '..', '..', '..', 'activating'))).toBe(false);
  });

  it('of two at once one wins, and the other is told and left with a draft', async () => {
    const back = await edict(['rollback', '--to', '1'], { cwd: home, env });
    expect(back).toMatchObject({ code: 0 });
    const before = (await store().active())?.sequence ?? 0;
    const places = [folderOf('one-'), folderOf('two-')] as const;
    const both = await Promise.all([author('Test', places[0]), author('Development', places[1])]);
    const won = both.filter((r) => r.told.saved.as === 'activate');
    const lost = both.findIndex((r) => r.told.saved.as === 'draft');
    expect(won).toHaveLength(1);
    expect(won[0]?.told.saved.activation).toBe(before + 1);
    expect(both[lost]?.told.saved.notActivated).toMatch(
      /Ada activated sequence \d+ meanwhile|which this folder does not have/,
    );
    expect(existsSync(join(places[lost] ?? '', 'mine'))).toBe(false);
    expect((await store().active())?.sequence).toBe(before + 1);
    const name = ['test', 'development'][lost];
    expect(await inForce()).not.toContain(`object-store.${name}-tls-only`);
  });
});
