/** Slack, on the deployed service: a finding is told, explained, excepted by the buttons, resolved in place; nobody else is believed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { localIngestUrl, request } from '../../cli/stack/front-doors.ts';
import { startService, type Service } from '../../local/service.ts';
import { bucket, created, everyoneReads, policy, updated } from '../../local/stories/aws-documents.ts';
import { digestChannel, localNotify, tellDigest } from '../../local/stories/digest.ts';
import { findingId } from '../../shared/model/finding.ts';
import { edict } from '../integration/cli/run.ts';
import { describeWith } from '../support/requirements.ts';

const name = 'acme-slack';
const of = 'object-store.no-public-access';
const id = findingId(of, `arn:aws:s3:::${name}`);
const place = { account: '111122223333', region: 'eu-central-1' };
const tags = { environment: 'production' };

describeWith(['python'], 'Slack, on the deployed service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edict-slack-'));
  let service: Service;
  let url = '';

  beforeAll(async () => {
    process.env['EDICT_LOCAL_STACK'] = join(folder, 'local.json');
    service = await startService({ port: 0, announce: true, logFile: join(folder, 'server.log') });
    url = `${localIngestUrl(service.aws.endpoint, service.stack.output('IngestUrl'))}/slack/actions`;
    const config = join(folder, 'edict.config.yaml');
    const { routes } = localNotify;
    const notify = { channel: '#security', approvers: ['U0APPROVER'], routes };
    writeFileSync(config, JSON.stringify({ version: 1, notify }));
    const released = await edict(['release', '--config', config]);
    expect([released.code, released.stdout]).toEqual([0, expect.stringContaining('Who hears of what: 1 rule')]);
    await service.doors.deliver(
      created(bucket(name, place, { versioning: true, policy: policy(everyoneReads(name)), tags }))(
        new Date().toISOString(),
      ),
    );
    await until(() => told() !== undefined);
  });
  afterAll(async () => {
    await service?.stop();
    delete process.env['EDICT_LOCAL_STACK'];
    rmSync(folder, { recursive: true, force: true });
  });

  const until = async (seen: () => boolean): Promise<void> => {
    for (let i = 0; i < 600 && !seen(); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen()).toBe(true);
  };
  const told = () => service.slack.messages.find(({ body }) => body.includes(id));
  const call = async (payload: object, headers: Readonly<Record<string, string>> = {}) => {
    const signed = service.slack.signed(payload);
    return request(url, service.aws.certificate, { ...signed, headers: { ...signed.headers, ...headers } });
  };
  let presses = 0;
  const pressed = (action_id: string, value: string, user = 'U0ASKER') => ({
    type: 'block_actions',
    user: { id: user },
    team: { id: 'T0TEAM' },
    trigger_id: `trigger-${(presses += 1)}`,
    response_url: service.slack.responseUrl,
    channel: { id: 'C0SECURITY' },
    message: { ts: '1.0' },
    actions: [{ action_id, value }],
  });
  const others = (what: string) => service.slack.others.filter((o) => o.what === what).map((o) => o.body);

  it('is told in the channel that was released, with buttons', () => {
    expect(told()?.channel).toBe('#security');
    expect(told()?.body).toContain('"action_id":"explain"');
  });

  it('explains to whoever asks, and to nobody whom Slack did not sign for', async () => {
    expect((await call(pressed('explain', id), { 'x-slack-signature': 'v0=00' })).status).toBe(401);
    expect(others('response')).toEqual([]);
    expect((await call(pressed('explain', id))).status).toBe(200);
    expect(others('response').join('\n')).toContain('"response_type":"ephemeral"');
    expect(others('response').join('\n')).toContain('✗');
  });

  it('takes the wish for an exception, which another approves; and says in the first message what became of it', async () => {
    await call(pressed('except', id));
    const form = JSON.parse(others('views.open')[0] ?? '{}') as { view?: { private_metadata?: string } };
    const field = (fieldId: string, value: object) => ({ [fieldId]: { [fieldId]: value } });
    const expires = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    const answer = await call({
      type: 'view_submission',
      user: { id: 'U0ASKER' },
      team: { id: 'T0TEAM' },
      view: {
        callback_id: 'except',
        private_metadata: form.view?.private_metadata,
        state: {
          values: {
            ...field('owner', { value: 'team-web' }),
            ...field('reason', { value: 'A public website' }),
            ...field('ticket', { value: 'SEC-42' }),
            ...field('expires', { selected_date: expires }),
          },
        },
      },
    });
    expect([answer.status, answer.body]).toEqual([200, '']);
    const listed = async () =>
      (
        JSON.parse((await edict(['exceptions', 'list', '--format', 'json'])).stdout) as {
          exceptions: { id: string; state: string }[];
        }
      ).exceptions;
    const [asked] = await listed();
    expect(asked).toMatchObject({ state: 'requested' });
    await call(pressed('approve', asked?.id ?? ''));
    expect((await listed())[0]).toMatchObject({ state: 'requested' });
    await call(pressed('approve', asked?.id ?? '', 'U0APPROVER'));
    expect((await listed())[0]).toMatchObject({ state: 'approved' });
    await until(() => others('chat.update').some((body) => body.includes('⏸')));

    await service.doors.deliver(
      updated(bucket(name, place, { versioning: true, block: true, tags }))(new Date().toISOString()),
    );
    await until(() => others('chat.update').some((body) => body.includes('✅')));
  });

  it('gathers what is of low severity, and tells it once', async () => {
    const deps = { sqs: new SQSClient(service.target), slack: service.slack };
    const [digest, ...more] = await tellDigest(deps, 30_000);
    expect(digest?.text).toBe('Digest: 1 violating of 1 finding that changed');
    expect(digest?.body).toContain('--severity low');
    expect([more, await tellDigest(deps, 30_000)]).toEqual([[], [digest]]);
    const elsewhere = service.slack.messages.filter(({ channel }) => channel !== digestChannel);
    expect(elsewhere.filter(({ body }) => body.includes('Access to object stores is logged'))).toEqual([]);
  });
});
