/** What the functions themselves heard, listed and were refused: it proves what they may, as nobody else's credentials do. */
import { makeDynamoCoverageLedger } from '../../shared/adapters/dynamodb/coverage-ledger.ts';
import { isCanaryAccount } from '../../shared/model/canary.ts';
import {
  CLOUD_SOURCES,
  staleSources,
  SWEEP_PROMISE_MS,
  type SweptCloud,
  SWEPT_CLOUDS,
} from '../../shared/model/coverage.ts';
import { staleText } from '../findings/coverage.ts';
import { count, plain } from '../terminal.ts';
import { allOf, type Check, type Failed, type Found, missing, notApplicable, ok, unknown } from './check.ts';
import type { World } from './world.ts';

/** What arrived longer ago than this says nothing of the way as it is now. */
const QUIET_MS = 7 * 86_400_000;

/** Why a cloud is not connected; undefined: it is. */
async function notConnected(world: World, cloud: SweptCloud): Promise<Found | undefined> {
  if (cloud === 'aws') return undefined;
  const { azureCallers, googleCallers } = await world.settings();
  if (cloud === 'azure')
    return azureCallers === undefined ? notApplicable('Azure is not connected: no azureTenantId') : undefined;
  return googleCallers === undefined ? notApplicable('Google Cloud is not connected: no googleAudience') : undefined;
}

/** The check's own look where the cloud is connected. */
export const ifConnected =
  (cloud: SweptCloud, look: Check['run']): Check['run'] =>
  async (world): Promise<Found | readonly (Found | Failed)[]> =>
    (await notConnected(world, cloud)) ?? (await look(world));

const CHANGE_SOMETHING = 'Change something in an account that is connected, and ask again.';

const events =
  (cloud: SweptCloud): Check['run'] =>
  async (world) => {
    const sources: readonly string[] = CLOUD_SOURCES[cloud].events;
    const heard = (await world.heard()).filter((h) => sources.includes(h.source));
    const silent = staleSources(await world.heard(), world.nowMs()).filter((s) => sources.includes(s.source));
    if (silent.length > 0)
      return silent.map((s) => missing(`the canary is not heard any more: ${staleText(s)}`, { where: s.source }));
    const accounts = heard.filter((h) => !isCanaryAccount(h.account));
    const last = accounts.map((h) => h.lastSeenAt).reduce((a, b) => (a > b ? a : b), '');
    // Quiet or not connected: nobody can tell, so it is not good news.
    if (last === '')
      return unknown('no event of any account has arrived yet', {
        todo: CHANGE_SOMETHING,
      });
    if (Date.parse(last) < world.nowMs() - QUIET_MS)
      return unknown(`nothing arrived since ${last}: quiet or cut off, nobody can tell`, { todo: CHANGE_SOMETHING });
    const of = count(new Set(accounts.map((h) => h.account)).size, 'account');
    return ok(`events of ${of} arrived, the last one at ${last}`);
  };

const inventory =
  (cloud: SweptCloud): Check['run'] =>
  async (world) => {
    const source = CLOUD_SOURCES[cloud].sweep;
    const heard = await world.heard();
    const scopes = heard.filter((h) => h.source === source && (h.lastSweptAt ?? h.lastDeniedAt) !== undefined);
    if (scopes.length === 0) return missing('it was never listed');
    const stale = staleSources(heard, world.nowMs()).filter((s) => s.source === source);
    return allOf(
      stale.map((s) => missing(staleText(s), { where: plain(s.account) })),
      `${count(scopes.length, 'scope')} listed in full within the promise`,
    );
  };

const permissions =
  (cloud: SweptCloud): Check['run'] =>
  async (world) => {
    const { events: tellers, sweep } = CLOUD_SOURCES[cloud];
    const ledger = makeDynamoCoverageLedger({
      client: world.documents(),
      name: world.stack.output('ResourcesTable'),
    });
    const rows = (await Promise.all([...tellers, sweep].map((source) => ledger.list(source)))).flat();
    if (rows.length === 0) return unknown('nothing was read or listed yet', { todo: 'npx edict sweep' });
    const since = new Date(world.nowMs() - SWEEP_PROMISE_MS).toISOString();
    const refused = rows.filter((r) => r.deniedAt !== undefined && r.deniedAt >= since);
    return allOf(
      refused.map((r) =>
        missing(`a read of ${plain(r.type)} was refused at ${r.deniedAt ?? ''}`, { where: plain(r.account) }),
      ),
      'no read was refused since the last sweep but one',
    );
  };

const NAMES: { readonly [C in SweptCloud]: string } = { aws: 'AWS', azure: 'Azure', gcp: 'Google Cloud' };
const READER: { readonly [C in SweptCloud]: string } = {
  aws: 'Allow the roles of evaluate and sweep the read; another account: onboarding/aws, awsReaderRole and awsExternalId',
  azure: 'Give the identity of azureClientId the role Reader on the subscription: onboarding/azure',
  gcp: 'Give the federated identity roles/cloudasset.viewer on the scope: onboarding/gcp',
};
const NEEDS = 'dynamodb:Query and kms:Decrypt on the resources table';

const heardChecks = (cloud: SweptCloud): readonly Check[] => [
  {
    id: `${cloud}-events`,
    what: `events of ${NAMES[cloud]} arrive`,
    otherwise:
      'Changes are seen by the next daily sweep alone. A quiet cloud and one that is not connected look alike, so silence is unknown.',
    where: cloud,
    todo: 'docs/runbook.md#canary-missed; npx edict coverage',
    needs: NEEDS,
    run: ifConnected(cloud, events(cloud)),
  },
  {
    id: `${cloud}-inventory`,
    what: `the inventory of ${NAMES[cloud]} is listed in full, daily`,
    otherwise:
      'What no event told is not found, and no deletion is concluded. It proves what the functions themselves may.',
    where: cloud,
    todo: `npx edict sweep. Where it is refused: ${READER[cloud]}`,
    needs: NEEDS,
    local: 'nothing is swept by the clock on this machine: npx edict sweep',
    run: ifConnected(cloud, inventory(cloud)),
  },
  {
    id: `${cloud}-permissions`,
    what: `what is read of ${NAMES[cloud]} is not refused`,
    otherwise: 'Facts that are read back are unknown, and verdicts with them.',
    where: cloud,
    todo: READER[cloud],
    needs: NEEDS,
    run: ifConnected(cloud, permissions(cloud)),
  },
];

export const HEARD_CHECKS: readonly Check[] = SWEPT_CLOUDS.flatMap(heardChecks);
