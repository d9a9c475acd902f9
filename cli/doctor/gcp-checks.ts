/** Whether Google Cloud tells of every asset that is judged, keeps what it cannot push, and lets Edict list. */
import { type AuthClient, GoogleAuth } from 'google-auth-library';
import { assetTypes } from '../../shared/mappings/registry.ts';
import { INGEST_PATHS } from '../../shared/model/deployment.ts';
import { AppError } from '../../shared/model/errors.ts';
import { isObject } from '../../shared/model/json.ts';
import type { GoogleCallers } from '../../shared/runtime/env.ts';
import { list, object, type Object_, text } from './answers.ts';
import { type Check, eachOf, type Failed, type Found, missing, nobody, ok, unknown } from './check.ts';
import { ifConnected } from './heard-checks.ts';
import { keyChecks } from './key-checks.ts';
import type { World } from './world.ts';

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];
const PUB_SUB = 'https://pubsub.googleapis.com';
const IAM = 'https://iam.googleapis.com';
const STAND_IN = 'on this machine the stories play the asset feeds and Pub/Sub';

async function callersOf(world: World): Promise<GoogleCallers> {
  const { googleCallers } = await world.settings();
  if (googleCallers === undefined) throw new AppError('CONFIG_INVALID', 'Google Cloud is not connected');
  return googleCallers;
}

const LOGIN = 'gcloud auth application-default login';

/** Who asks: whoever is signed in on this machine. Throws where nobody is. */
const signedIn = (world: World): Promise<AuthClient> =>
  world.once('google signed in', async () => {
    // A machine of Google's is known by its BIOS; asking the network for it makes everybody else wait, and warns.
    process.env['METADATA_SERVER_DETECTION'] ??= 'bios-only';
    try {
      const client = world.askers.google ?? (await new GoogleAuth({ scopes: SCOPES }).getClient());
      const { token: got } = await client.getAccessToken();
      if (typeof got === 'string' && got !== '') return client;
    } catch (cause) {
      throw nobody('Google Cloud', LOGIN, cause);
    }
    throw nobody('Google Cloud', LOGIN);
  });

/** GETs an object of Google's; undefined: it is not there. Google leaves empty lists out, so `{}` is an answer. */
async function get(world: World, url: string): Promise<Object_ | undefined> {
  const auth = await signedIn(world);
  let answer: { readonly data: unknown };
  try {
    answer = await auth.request({ url, signal: world.signal, retry: false, redirect: 'error', responseType: 'json' });
  } catch (cause) {
    const { status, response } = cause as {
      readonly status?: number;
      readonly response?: { readonly status?: number };
    };
    const code = response?.status ?? Number(status);
    if (code === 404) return undefined;
    const is = code === 403 ? 'UPSTREAM_DENIED' : code === 429 ? 'UPSTREAM_THROTTLED' : 'UPSTREAM_UNAVAILABLE';
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    throw new AppError(is, `${new URL(url).hostname} gave no answer`, { details: { message }, cause });
  }
  if (!isObject(answer.data)) throw new AppError('UPSTREAM_UNAVAILABLE', `${new URL(url).hostname} answered no object`);
  return answer.data as Object_;
}

async function token(world: World): Promise<Found> {
  await signedIn(world);
  return ok('a token for Google Cloud can be had here');
}

const pubSub = (world: World): string => `${world.askers.pubSub ?? PUB_SUB}/v1`;

const subscriptionOf = (world: World): Promise<Object_ | undefined> =>
  world.once('google subscription', async () =>
    get(world, `${pubSub(world)}/${(await callersOf(world)).subscription}`),
  );

async function subscription(world: World): Promise<Found> {
  const callers = await callersOf(world);
  const found = await subscriptionOf(world);
  if (found === undefined) return missing(`there is no subscription ${callers.subscription}`);
  const state = text(found['state']);
  if (state !== '' && state !== 'ACTIVE') return missing(`it does not push: ${state}`);
  if (text(found['topic']) === '_deleted-topic_') return missing('its topic was deleted');
  const push = object(found['pushConfig']);
  const endpoint = `${world.stack.output('IngestUrl').replace(/\/$/, '')}${INGEST_PATHS.google}`;
  const told = text(push['pushEndpoint']);
  if (told.replace(/\/$/, '') !== endpoint)
    return missing(told === '' ? 'it does not push' : `it pushes to ${told}, and not to ${endpoint}`);
  const { serviceAccountEmail, audience } = object(push['oidcToken']);
  if (text(serviceAccountEmail) === '') return missing('it brings no token, so the front door refuses it');
  if (serviceAccountEmail !== callers.serviceAccount)
    return missing(`its token is of ${text(serviceAccountEmail)}, and ${callers.serviceAccount} is taken`);
  // None is said: it is the address. https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#OidcToken, read 2026-11-25.
  const aud = text(audience) === '' ? told : text(audience);
  if (aud !== callers.audience) return missing(`its token is for ${aud}, and ${callers.audience} is taken`);
  const { ttl } = object(found['expirationPolicy']);
  if (text(ttl) !== '') return missing(`it is deleted after ${text(ttl)} of silence`);
  return ok(`${callers.subscription} pushes to the front door`);
}

type Content = keyof typeof assetTypes;
const CONTENTS = Object.keys(assetTypes) as readonly Content[];

async function feeds(world: World): Promise<readonly (Found | Failed)[]> {
  const { googleReader } = await world.settings();
  if (googleReader === undefined)
    return [unknown('no googleScope is configured: nobody knows where the feeds should be')];
  const { scope, endpoint } = googleReader;
  const topic = text((await subscriptionOf(world))?.['topic']);
  if (topic === '') return [unknown('the topic of the subscription is not known')];
  const found = await get(world, `${endpoint}/v1/${scope}/feeds`);
  if (found === undefined) return [missing(`there is no ${scope}`)];
  const ours = list(found['feeds'])
    .map(object)
    .filter((f) => text(object(object(f['feedOutputConfig'])['pubsubDestination'])['topic']) === topic);
  const look = async (content: Content): Promise<Found | undefined> => {
    const of = ours.filter((f) => f['contentType'] === content);
    if (of.length === 0) return missing(`no feed of ${content} leads to ${topic}`);
    const named = (some: typeof of): readonly string[] => some.flatMap((f) => list(f['assetTypes']).map(text));
    const told = named(of.filter((f) => !isObject(f['condition'])));
    const left = assetTypes[content].filter((type) => !told.includes(type));
    if (left.length === 0) return undefined;
    const types = left.join(', ');
    if (left.every((type) => named(of).includes(type)))
      return unknown(`a feed has a condition, which may leave out ${types}`);
    // Lists take expressions over types; of feeds nobody says so.
    return named(of).some((t) => !IS_TYPE.test(t))
      ? unknown(`no feed of ${content} names ${types} but by an expression`)
      : missing(`no feed of ${content} tells of ${types}`);
  };
  return eachOf(
    CONTENTS,
    look,
    `${scope} tells of every asset type that is judged`,
    (content) => `${scope} ${content}`,
  );
}

/** An asset type, and no expression over types. https://cloud.google.com/asset-inventory/docs/reference/rest/v1/feeds, read 2026-11-25. */
const IS_TYPE = /^[a-z0-9.-]+\/[A-Za-z0-9]+$/;

const AGENT = /@gcp-sa-pubsub\.iam\.gserviceaccount\.com$/;

async function deadLetters(world: World): Promise<Found> {
  const { subscription: name } = await callersOf(world);
  const found = await subscriptionOf(world);
  if (found === undefined) return missing(`there is no subscription ${name}`);
  const topic = text(object(found['deadLetterPolicy'])['deadLetterTopic']);
  if (topic === '') return missing('what cannot be pushed is lost after a week: there is no dead-letter topic');
  if (topic === '_deleted-topic_') return missing('the dead-letter topic was deleted');
  const keepers = await get(world, `${pubSub(world)}/${topic}/subscriptions`);
  if (keepers === undefined) return missing(`there is no topic ${topic}`);
  if (list(keepers['subscriptions']).length === 0) return missing(`nobody keeps what is put on ${topic}`);
  const [onTopic, onSubscription] = await Promise.all([
    get(world, `${pubSub(world)}/${topic}:getIamPolicy`),
    get(world, `${pubSub(world)}/${name}:getIamPolicy`),
  ]);
  const granted = (policy: Object_ | undefined, role: string): boolean =>
    list(policy?.['bindings'])
      .map(object)
      .some((b) => b['role'] === role && list(b['members']).some((m) => AGENT.test(text(m))));
  // They may be granted on the project, which is not looked at.
  if (!granted(onTopic, 'roles/pubsub.publisher') || !granted(onSubscription, 'roles/pubsub.subscriber'))
    return unknown(
      'that the agent of Pub/Sub may move dead letters is granted neither on the topic nor the subscription',
    );
  return ok(`what cannot be pushed is kept by ${list(keepers['subscriptions']).map(text).join(', ')}`);
}

const TRUST = 'onboarding/gcp: the workload identity pool and its provider (reader.tf), googleCredentials';

/** The chain by which the sweep becomes the reader: the pool's provider is there and trusts this AWS account and that role. */
async function federation(world: World): Promise<Found> {
  const { googleReader: reader } = await world.settings();
  if (reader === undefined) return missing('no googleScope is configured: nothing is swept');
  const audience = reader.credentials?.['audience'];
  if (typeof audience !== 'string') return missing('no googleCredentials are configured: the sweep is nobody');
  const name = audience.replace(/^\/\/iam\.googleapis\.com\//, '');
  const found = await get(world, `${world.askers.iam ?? IAM}/v1/${name}`);
  if (found === undefined) return missing(`there is no ${name}`);
  if (text(found['state']) !== 'ACTIVE' || found['disabled'] === true)
    return missing(`${name} is not active: ${text(found['state'])}${found['disabled'] === true ? ', disabled' : ''}`);
  const sweep = (await world.functions()).find((f) => f.name === 'sweep');
  const [, , , , account = '', resource = ''] = sweep?.role.split(':') ?? [];
  const trusted = text(object(found['aws'])['accountId']);
  if (trusted !== account) return missing(`it trusts the AWS account ${trusted}, and Edict is in ${account}`);
  const condition = text(found['attributeCondition']);
  const role = resource.split('/').at(-1) ?? '';
  if (condition !== '' && !condition.includes(role))
    return unknown(`its condition does not name the role ${role}: ${condition}`);
  return ok(`${name} trusts this AWS account`);
}

export const GCP_CHECKS: readonly Check[] = [
  ...keyChecks('gcp', 'Google'),
  {
    id: 'gcp-token',
    what: 'whoever asks is signed in to Google Cloud',
    otherwise:
      'Nothing of Google Cloud can be looked at from here. It says nothing of the functions, which have an identity of their own.',
    where: 'gcp',
    todo: LOGIN,
    needs: 'sign in',
    local: STAND_IN,
    run: ifConnected('gcp', token),
  },
  {
    id: 'gcp-federation',
    what: 'Google Cloud trusts the function that lists',
    otherwise: 'The sweep gets no token: what no feed told is not found.',
    where: 'gcp',
    todo: TRUST,
    needs: 'iam.workloadIdentityPoolProviders.get',
    local: STAND_IN,
    run: ifConnected('gcp', federation),
  },
  {
    id: 'gcp-feeds',
    what: 'there are feeds of every content and asset type that is judged',
    otherwise:
      'Changes of those assets are seen by the next daily sweep alone; an organisation policy that is not told leaves facts assumed at their worst.',
    where: 'gcp',
    todo: 'onboarding/gcp: feeds.tf',
    needs: 'cloudasset.feeds.list on the scope',
    local: STAND_IN,
    run: ifConnected('gcp', feeds),
  },
  {
    id: 'gcp-subscription',
    what: 'the subscription pushes to the front door, with a token that it takes',
    otherwise: 'What the feeds tell does not arrive, or is refused and waits until it is forgotten.',
    where: 'gcp',
    todo: 'onboarding/gcp: delivery.tf',
    needs: 'pubsub.subscriptions.get',
    local: STAND_IN,
    run: ifConnected('gcp', subscription),
  },
  {
    id: 'gcp-dead-letters',
    what: 'what Pub/Sub cannot push is kept',
    otherwise: 'What Pub/Sub cannot push is dropped after its retention without a trace.',
    where: 'gcp',
    todo: 'onboarding/gcp: delivery.tf, the dead-letter topic, its subscription and the grants of Pub/Sub’s agent',
    needs: 'pubsub.subscriptions.get, pubsub.topics.listSubscriptions (pubsub.topics.get), and getIamPolicy of both',
    local: STAND_IN,
    run: ifConnected('gcp', deadLetters),
  },
];
