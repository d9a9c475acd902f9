/**
 * The service as it is deployed, on the local AWS: the stories through the front doors, with the functions killed, the
 * deliveries repeated and shuffled, and secrets planted in them. Deployed once for all tests of this file but the last.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { coverageJson } from '../../cli/commands/coverage.ts';
import { doctorSchema } from '../../cli/doctor/report.ts';
import { listUpTo } from '../../cli/commands/findings.ts';
import { isTransition } from '../../cli/stack/bus-watch.ts';
import type { Delivery, FrontDoors } from '../../cli/stack/front-doors.ts';
import { startSweep } from '../../cli/stack/sweep-run.ts';
import { startService, type Service } from '../../local/service.ts';
import { bucket, created, database, everyoneReads, policy } from '../../local/stories/aws-documents.ts';
import { answers, type ArmResource, happened, subscription } from '../../local/stories/azure-documents.ts';
import { changed, sqlAsset, sqlData } from '../../local/stories/gcp-documents.ts';
import { exceptionTransitions, tellExceptions } from '../../local/stories/exceptions.ts';
import { stories } from '../../local/stories/index.ts';
import { expectedOf, Ledger, tell, type Told } from '../../local/telling.ts';
import { makeDynamoFindingStore } from '../../shared/adapters/dynamodb/finding-store.ts';
import { findingId, opens } from '../../shared/model/finding.ts';
import type { Json } from '../../shared/model/json.ts';
import type { Verdict } from '../../shared/model/verdict.ts';
import { type Kept, everythingStored } from '../support/everything-stored.ts';
import { killFunctions } from '../support/function-processes.ts';
import { describeWith } from '../support/requirements.ts';

/** How long a change may take that met a killed function: its message comes again after RETRY_SECONDS. */
const PATIENCE_MS = 120_000;
const RETRY_SECONDS = 5;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Doors that are knocked at again, as providers do, when a killed function does not answer. */
const patient = (doors: FrontDoors): FrontDoors => ({
  ...doors,
  async deliver(delivery) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await doors.deliver(delivery);
      } catch (error) {
        if (attempt === 10) throw error;
        await sleep(300);
      }
    }
  },
});

/** The findings that the stories end in: by id, the last verdict that each policy came to. */
function finalVerdicts(): ReadonlyMap<string, Verdict | 'gone'> {
  const last = new Map<string, Verdict | 'gone'>();
  for (const { resource, policy: policyId, to } of stories.flatMap((s) =>
    s.steps.flatMap((step) => expectedOf(s, step)),
  ))
    last.set(findingId(policyId, resource), to as Verdict | 'gone');
  return last;
}

const expectedTransitions = stories.flatMap((s) => s.steps.flatMap((step) => expectedOf(s, step)));

describeWith(['python'], 'the deployed service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edict-e2e-'));
  const localFile = join(folder, 'local.json');
  const ledger = new Ledger();
  let service: Service;
  let told: readonly Told[] = [];

  beforeAll(async () => {
    process.env['EDICT_LOCAL_STACK'] = localFile;
    service = await startService({
      port: 0,
      announce: true,
      logFile: join(folder, 'server.log'),
      onEvent: ({ event }) => {
        if (isTransition(event)) ledger.note(event);
      },
    });
    // A message that a killed function held comes again after seconds instead of minutes.
    const sqs = new SQSClient(service.target);
    for (const queue of ['ChangesQueueUrl', 'ReJudgeQueueUrl'] as const)
      await sqs.send(
        new SetQueueAttributesCommand({
          QueueUrl: service.stack.output(queue),
          Attributes: { VisibilityTimeout: String(RETRY_SECONDS) },
        }),
      );
  });
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const store = () =>
    makeDynamoFindingStore({ client: service.stack.documents(), name: service.stack.output('FindingsTable') });
  const allFindings = async () => (await listUpTo(store(), {}, 10_000, undefined)).items;
  const rows = async (): Promise<readonly string[]> =>
    (await allFindings()).map((f) => `${f.id} ${f.status} ${f.verdict ?? 'gone'} ${f.openings}`).toSorted();

  it('tells every expected transition once, and no other, while its functions are being killed', async () => {
    let killed = 0;
    let changes = 0;
    told = await tell(stories, {
      doors: patient(service.doors),
      setArm: (given) => service.arm.set(given),
      ledger,
      quiet: () => service.quiet(),
      patienceMs: PATIENCE_MS,
      onChange: () => {
        changes += 1;
        // In the middle of the work on this change and those of the other clouds; seldom enough for no message to meet
        // five deaths, after which it would wait among the dead letters for a person.
        if (changes % 5 === 0) setTimeout(() => (killed += killFunctions()), 40 * (changes % 7));
      },
    });
    await service.quiet();
    await sleep(2000);

    expect(killed).toBeGreaterThan(3);
    expect(ledger.missing).toEqual([]);
    expect(ledger.unexpected.map((e) => [e.resource, e.detail.edict.policy.id, e.detail.edict.to])).toEqual([]);
  });

  it('has exactly the expected findings, each transition in one row', async () => {
    const found = await allFindings();
    const wanted = finalVerdicts();

    expect(new Map(found.map((f) => [f.id, f.verdict ?? 'gone']))).toEqual(wanted);
    for (const f of found) expect(f.status, f.id).toBe(opens(f.verdict) ? 'open' : 'resolved');
    const history = await Promise.all(found.map((f) => store().history(f.id)));
    expect(history.flat().length).toBe(expectedTransitions.length);
    expect(service.bus.heard.length).toBe(expectedTransitions.length);
  });

  it('changes nothing when everything is told again, shuffled, twice, while its functions are being killed', async () => {
    const before = await rows();
    const again: Delivery[] = [...told, ...told].map((t) => t.delivery);
    // An order that is nobody's: the same each time.
    const shuffled = again
      .map((delivery, i) => ({ delivery, at: (i * 7919) % 104_729 }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ delivery }) => delivery);
    const doors = patient(service.doors);
    const lanes = [0, 1, 2, 3].map((lane) => shuffled.filter((_, i) => i % 4 === lane));
    let sent = 0;
    await Promise.all(
      lanes.map(async (lane) => {
        for (const delivery of lane) {
          await doors.deliver(delivery);
          sent += 1;
          if (sent % 30 === 0) killFunctions();
        }
      }),
    );
    await service.quiet();
    await sleep(2000);

    expect(await rows()).toEqual(before);
    expect(service.bus.heard.length).toBe(expectedTransitions.length);
    expect(ledger.unexpected).toEqual([]);
  });

  it('is found by the command line, which shows the same findings', async () => {
    const open = (await allFindings()).filter((f) => f.status === 'open');

    const list = await edict(['findings', '--format', 'json']);
    const { findings } = JSON.parse(list.stdout) as { findings: { id: string; severity: string }[] };
    expect(list.code).toBe(0);
    expect(findings.map((f) => f.id).toSorted()).toEqual(open.map((f) => f.id).toSorted());

    const csv = await edict(['findings', '--format', 'csv', '--cloud', 'gcp', '--status', 'all']);
    expect(csv.stdout.trimEnd().split('\r\n').slice(1)).toHaveLength(
      (await allFindings()).filter((f) => f.resource.cloud === 'gcp').length,
    );

    const [first] = findings;
    const one = await edict(['finding', first?.id.slice(0, 10) ?? '']);
    expect(one.stdout).toContain(first?.id ?? 'no finding');
    expect(one.stdout).toContain('History');

    const nothing = await edict(['finding', 'zzzzzzzzzz']);
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining("No finding's id begins with")]);
  });

  it('takes documents of the command line through its front doors, and says what became of them', async () => {
    const sent = await edict(['observe', '--now', join(examples, 'gcp.cai-feed-ssh-from-everywhere.json')]);
    expect([sent.code, sent.stderr]).toEqual([0, '']);
    expect(sent.stdout).toContain('firewall.no-admin-ports-from-internet');

    const template = await edict(['observe', join(examples, 'aws.cfn-ssh-from-everywhere.yaml')]);
    expect([template.code, template.stderr]).toEqual([2, expect.stringContaining('edict check')]);

    const elsewhere = await edict(['observe', '--stage', 'prod', '--region', 'eu-central-1', 'package.json']);
    expect(elsewhere.code).toBe(2);
  });

  it('swept, finds what it knows and no more, while its functions are being killed', async () => {
    const before = await rows();

    // Once while it begins or lists: what a killed function did not answer is tried again.
    const killed = sleep(1500).then(killFunctions);
    const swept = await edict(['sweep', '--wait', '120']);

    expect([swept.code, swept.stderr, await killed]).toEqual([0, '', expect.any(Number)]);
    expect(swept.stdout).toContain('azure.sweep: 1 of 1 scope listed in full: ');
    expect(swept.stdout).toMatch(/\d+ open findings? on \d+ resources?:/);
    expect(await rows()).toEqual(before);
  });

  it('says what it sees of every account, and that AWS and Google were never listed', async () => {
    const covered = await edict(['coverage', '--format', 'json']);

    expect(covered.code).toBe(0);
    const { complete, stale, sources, types, controls } = JSON.parse(covered.stdout) as ReturnType<typeof coverageJson>;
    expect(complete).toBe(false);
    expect(stale.filter(({ why }) => why === 'never_listed').map(({ source }) => source)).toEqual([
      'aws.sweep',
      'gcp.sweep',
    ]);
    expect(sources.filter((s) => s.source === 'azure.sweep' && s.lastWholeAt !== null).length).toBeGreaterThan(0);
    expect(types.filter((t) => t.source === 'aws.config' && t.lastEventAt !== null).length).toBeGreaterThan(0);
    expect(controls.filter(({ status }) => status === 'told').length).toBeGreaterThan(0);
  });

  it('is looked over by the doctor, which sees a rule that is off', async () => {
    const look = async () => {
      const { code, stdout } = await edict(['doctor', '--format', 'json']);
      const { checks } = doctorSchema.parse(JSON.parse(stdout));
      const wrong = checks.filter((c) => c.status !== 'ok' && c.status !== 'not_applicable');
      return { code, checks, wrong: wrong.filter((c) => c.place === 'stack') };
    };
    const whole = await look();
    expect(whole.wrong).toEqual([]);
    // The stories hold reads that are refused: what is missing is told, and by the exit code, too.
    const others = whole.checks.filter((c) => c.status === 'missing' || c.status === 'unknown');
    expect([whole.code, others.map((c) => c.id)]).toEqual([
      others.length === 0 ? 0 : 1,
      others.map(() => expect.stringMatching(/-permissions$/)),
    ]);

    const events = new EventBridgeClient(service.target);
    const { Rules = [] } = await events.send(
      new ListRulesCommand({ NamePrefix: 'edict-local-pipeline-ConfigChanges' }),
    );
    expect(Rules).toHaveLength(1);
    const Name = Rules[0]?.Name;
    await events.send(new DisableRuleCommand({ Name }));
    try {
      const { code, wrong } = await look();
      expect([code, wrong]).toMatchObject([
        1,
        [{ id: 'stack-rules', status: 'missing', why: expect.stringMatching(/^it is off/) }],
      ]);
    } finally {
      await events.send(new EnableRuleCommand({ Name }));
    }
  });

  it('keeps no secret that a document holds: in no table, queue, object, event, log or message', async () => {
    const planted = ['table', 'text', 'tag', 'arm', 'gcp', 'broken'].map((where) => `planted-${where}-7hQ2xZ9vK4`);
    const account = answers(secretiveAccount, {
      kind: 'StorageV2',
      properties: { allowBlobPublicAccess: true, supportsHttpsTrafficOnly: false, connectionString: planted[3] ?? '' },
    });
    service.arm.set(account);
    for (const delivery of withSecrets(planted)) await service.doors.deliver(delivery);
    await service.quiet();
    await sleep(2000);

    const kept: readonly Kept[] = [
      ...(await everythingStored({ ...service.stack.aws, endpoint: service.aws.endpoint })),
      ...service.bus.heard.map(({ event }) => ({ where: 'bus', text: JSON.stringify(event) })),
      ...service.slack.messages.map((m) => ({ where: 'Slack', text: m.body })),
      { where: 'the log of the local AWS', text: readFileSync(service.aws.logFile, 'utf8') },
    ];

    // It was looked where things are: the resources, the quarantined event and the message about them are there.
    const texts = kept.map((k) => k.text).join('\n');
    for (const name of ['acme-secretive', 'acmesecretive', 'acme-secretive-sql', 'not-a-provider'])
      expect(texts, name).toContain(name);
    const looked = (place: string): number => kept.filter((k) => k.where.startsWith(place)).length;
    expect([looked('table') > 50, looked('log ') > 50, looked('object') > 0, looked('Slack') > 0]).not.toContain(false);
    for (const secret of planted) expect(kept.filter((k) => k.text.includes(secret)).map((k) => k.where)).toEqual([]);
  });
});

const projectRoot = join(import.meta.dirname, '..', '..');
const examples = join(projectRoot, 'policies', 'firewall', 'no-admin-ports-from-internet', 'examples', 'violation');

/** Runs the command line as a user does. */
function edict(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectRoot, 'cli', 'edict.js'), ...args], {
      cwd: projectRoot,
      env: { ...process.env, NO_COLOR: '1', AWS_EC2_METADATA_DISABLED: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...text }));
  });
}

const secretiveAccount: ArmResource = {
  group: 'acme-secretive',
  type: 'Microsoft.Storage/storageAccounts',
  name: 'acmesecretive',
};

/** Documents that hold secrets where providers and people put them, and one that nobody can use. */
function withSecrets([
  table = '',
  text = '',
  tag = '',
  _arm = '',
  gcp = '',
  broken = '',
]: readonly string[]): readonly Delivery[] {
  const at = new Date().toISOString();
  const place = { account: '111122223333', region: 'eu-central-1' };
  const db = database('acme-secretive', place, {
    engine: 'postgres',
    version: '16.6',
    public: true,
    encrypted: false,
    backupDays: 0,
    deletionProtection: false,
    parameterGroup: 'default.postgres16',
    tags: { db_password: tag, environment: 'production' },
  });
  const store = bucket('acme-secretive', place, {
    block: false,
    policy: policy(everyoneReads('acme-secretive')),
    versioning: false,
  });
  const sql = sqlAsset('acme-secretive-sql');
  const sqlState = { public: true, sslMode: 'ENCRYPTED_ONLY', backups: 7, deletionProtection: false } as const;
  return [
    created({
      ...db,
      configuration: { ...db.configuration, pendingModifiedValues: { masterUserPassword: table } },
    })(at),
    created({ ...store, configuration: { ...store.configuration, note: `login with password=${text}` } })(at),
    happened('event-grid', 'write', secretiveAccount)(at),
    changed(sql, { ...sqlData('acme-secretive-sql', sqlState), rootPassword: gcp })(at),
    {
      door: 'azure',
      schema: 'event-grid',
      body: [
        {
          topic: `/subscriptions/${subscription}`,
          subject: 'not-a-provider',
          eventType: 'Microsoft.Resources.ResourceWriteSuccess',
          data: { secretString: broken },
        },
      ] as Json,
    },
  ];
}

describeWith(['python'], 'the deployed service where IAM is enforced', () => {
  it('tells a story of each cloud: no function lacks a grant', async () => {
    const ledger = new Ledger();
    const service = await startService({
      port: 0,
      enforceIam: true,
      onEvent: ({ event }) => {
        if (isTransition(event)) ledger.note(event);
      },
    });
    try {
      const some = stories.filter((s) => ['aws-ledger', 'azure-documents', 'gcp-media'].includes(s.id));
      await tell(some, {
        doors: service.doors,
        setArm: (given) => service.arm.set(given),
        ledger,
        quiet: () => service.quiet(),
        patienceMs: 60_000,
      });
      await tellExceptions({ service, ledger, patienceMs: 60_000 });
      await sleep(3000);

      expect(some).toHaveLength(3);
      expect(ledger.missing).toEqual([]);
      expect(ledger.unexpected).toEqual([]);
      expect(ledger.seen).toBeGreaterThan(exceptionTransitions);
      expect(service.slack.messages.length).toBeGreaterThan(0);

      const sweep = await startSweep(service.stack, { sources: ['azure.sweep'] });
      expect(await sweep.ended(Date.now() + 60_000, 500)).toMatchObject([
        { source: 'azure.sweep', scopes: { swept: 1, partial: 0, notSeen: 0 } },
      ]);
    } finally {
      await service.stop();
    }
  });
});
