/** A policy in shadow on the deployed service: judged and listed, Slack hears nothing; made active, Slack hears what is open. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shippedBundleFolder } from '../../cli/commands/release.ts';
import { isTransition } from '../../cli/stack/bus-watch.ts';
import { startService, type Service } from '../../local/service.ts';
import { bucket, created, everyoneReads, policy } from '../../local/stories/aws-documents.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { findingId } from '../../shared/model/finding.ts';
import { edict } from '../integration/cli/run.ts';
import { describeWith } from '../support/requirements.ts';

const shadowed = 'object-store.no-public-access';
const alerted = 'object-store.tls-only';
const resource = 'arn:aws:s3:::acme-shadowed';
const id = findingId(shadowed, resource);
/** As Slack shows it. */
const titleOf = (policyId: string): string =>
  readBundle(shippedBundleFolder).manifest.policies.find((p) => p.id === policyId)?.title ?? policyId;

describeWith(['python'], 'a policy in shadow, on the deployed service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edict-shadow-'));
  const told: { readonly type: string; readonly policy: string; readonly shadow: boolean }[] = [];
  let service: Service;

  beforeAll(async () => {
    process.env['EDICT_LOCAL_STACK'] = join(folder, 'local.json');
    service = await startService({
      port: 0,
      announce: true,
      logFile: join(folder, 'server.log'),
      onEvent: ({ event }) => {
        if (!isTransition(event)) return;
        const { policy: of, shadow } = event.detail.edict;
        told.push({ type: event.detailType, policy: of.id, shadow: shadow === true });
      },
    });
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
  const typesOf = (of: string) => told.filter((t) => t.policy === of).map((t) => t.type);
  const slackOf = (of: string) => service.slack.messages.filter((m) => m.body.includes(titleOf(of))).length;
  const listed = async (...filter: readonly string[]) => {
    const { stdout } = await edict(['findings', '--format', 'json', '--resource', resource, ...filter]);
    return (JSON.parse(stdout) as { findings: { policy: string; shadow: boolean }[] }).findings;
  };

  it('alerts nobody until it is made active, and goes back in one command', async () => {
    const hidden = await edict(['release', '--shadow', shadowed]);
    expect([hidden.code, hidden.stdout]).toEqual([0, expect.stringContaining(`in shadow ${shadowed}`)]);
    const open = {
      versioning: false,
      policy: policy(everyoneReads('acme-shadowed')),
      tags: { environment: 'production' },
    };
    const place = { account: '111122223333', region: 'eu-central-1' };
    await service.doors.deliver(created(bucket('acme-shadowed', place, open))(new Date().toISOString()));
    await until(() => typesOf(shadowed).length > 0 && typesOf(alerted).length > 0 && slackOf(alerted) > 0);
    expect(typesOf(shadowed)).toEqual(['ShadowFindingOpened.v1']);
    expect(typesOf(alerted)).toEqual(['FindingOpened.v1']);
    expect(slackOf(shadowed)).toBe(0);
    expect((await listed('--shadow')).map((f) => f.policy)).toEqual([shadowed]);
    expect((await listed('--no-shadow')).map((f) => f.policy)).not.toContain(shadowed);
    expect((await listed()).map((f) => f.policy)).toContain(shadowed);

    const active = await edict(['release', '--activate', shadowed]);
    expect([active.code, active.stderr]).toEqual([0, '']);
    await until(() => slackOf(shadowed) > 0 && typesOf(shadowed).length > 1);
    expect(typesOf(shadowed)).toEqual(['ShadowFindingOpened.v1', 'FindingOpened.v1']);
    expect(await listed('--shadow')).toEqual([]);

    const chain = await edict(['finding', id, '--chain', '--format', 'json']);
    const { links } = JSON.parse(chain.stdout) as { links: { name: string; state: string; is: string }[] };
    expect([chain.code, links.filter((l) => l.state !== 'verified' && l.name !== 'wasm')]).toEqual([0, []]);
    expect(links.find((l) => l.name === 'activation')?.is).toBe('3');

    const back = await edict(['rollback']);
    expect([back.code, back.stdout]).toEqual([0, expect.stringContaining(`in shadow ${shadowed}`)]);
    await until(() => typesOf(shadowed).length === 4);
    expect(typesOf(shadowed).slice(2)).toEqual(['FindingResolved.v1', 'ShadowFindingOpened.v1']);
    expect((await listed('--shadow')).map((f) => f.policy)).toEqual([shadowed]);
    expect(typesOf(alerted)).toEqual(['FindingOpened.v1']);
    for (const { type, shadow } of told) expect(type.startsWith('Shadow')).toBe(shadow);
  });
});
