/** The keys by which the front door knows its callers, fetched as it fetches them; their answer also tells the provider's clock. */
import { AppError } from '../../shared/model/errors.ts';
import { count } from '../terminal.ts';
import { type Check, type Found, missing, ok } from './check.ts';
import { clockOf } from './clock.ts';
import { ifConnected } from './heard-checks.ts';
import type { World } from './world.ts';

type Caller = 'azure' | 'gcp';

interface Answered {
  readonly body: unknown;
  readonly date: string | null;
}

/** The answer of the address of the keys. Throws what a refusal, a throttled or a failed answer is. */
const answerOf = (world: World, cloud: Caller): Promise<Answered> =>
  world.once(`keys of ${cloud}`, async () => {
    const { azureCallers, googleCallers } = await world.settings();
    const url = (cloud === 'azure' ? azureCallers : googleCallers)?.jwksUrl ?? '';
    let response: Response;
    try {
      response = await fetch(url, { signal: world.signal, redirect: 'manual' });
    } catch (cause) {
      throw new AppError('UPSTREAM_UNAVAILABLE', `${url} does not answer`, { cause });
    }
    const { status } = response;
    if (status !== 200)
      throw new AppError(
        status === 403 ? 'UPSTREAM_DENIED' : status === 429 ? 'UPSTREAM_THROTTLED' : 'UPSTREAM_UNAVAILABLE',
        `${url} answered ${status}`,
      );
    return { body: await response.json(), date: response.headers.get('date') };
  });

async function keys(world: World, cloud: Caller): Promise<Found> {
  const { body } = await answerOf(world, cloud);
  const list = (body as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) throw new AppError('UPSTREAM_UNAVAILABLE', 'the answer holds no list of keys');
  return list.length === 0 ? missing('there are no keys') : ok(`the issuer gives ${count(list.length, 'key')}`);
}

export const keyChecks = (cloud: Caller, issuer: string): readonly Check[] => [
  {
    id: `${cloud}-keys`,
    what: `the keys of ${issuer} can be fetched`,
    otherwise: 'The front door cannot check tokens: it answers 503, and the provider comes again until it gives up.',
    where: cloud,
    todo: 'docs/runbook.md#callers-uncheckable',
    needs: 'reach the address of the keys (azureJwksUrl, googleJwksUrl)',
    run: ifConnected(cloud, (world) => keys(world, cloud)),
  },
  {
    id: `${cloud}-clock`,
    what: `this clock and that of ${issuer} agree`,
    otherwise:
      'Tokens look expired or not yet valid to whoever reads the wrong clock, and instants of two sources do not compare.',
    where: cloud,
    todo: 'Set the clock of this machine by NTP',
    needs: 'reach the address of the keys (azureJwksUrl, googleJwksUrl)',
    run: ifConnected(cloud, async (world) => clockOf((await answerOf(world, cloud)).date, world.nowMs())),
  },
];
