/** Whether Azure tells of each subscription, keeps what it cannot deliver, and lets Edict read. */
import { GetWebIdentityTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { decodeJwt } from 'jose';
import {
  type ArmAnswer,
  type ArmClient,
  type ArmCredential,
  makeArmClient,
} from '../../shared/adapters/azure/arm-client.ts';
import { AZURE_AUDIENCE } from '../../shared/adapters/azure/credential.ts';
import { EVENT_GRID_TOPICS } from '../../shared/mappings/dialects/event-grid.ts';
import { INGEST_PATHS } from '../../shared/model/deployment.ts';
import { AppError } from '../../shared/model/errors.ts';
import { isObject, type Json } from '../../shared/model/json.ts';
import type { AzureCallers } from '../../shared/runtime/env.ts';
import { list, object, type Object_, text } from './answers.ts';
import { type Check, eachOf, type Failed, type Found, missing, nobody, ok, unknown } from './check.ts';
import { ifConnected } from './heard-checks.ts';
import { keyChecks } from './key-checks.ts';
import type { World } from './world.ts';

/** Pinned, each the one that its answer was written down for. Read 2026-11-25: https://learn.microsoft.com/rest/api/resources, https://learn.microsoft.com/rest/api/eventgrid, https://learn.microsoft.com/rest/api/managedidentity. */
const VERSIONS = {
  subscription: '2022-12-01',
  provider: '2021-04-01',
  eventGrid: '2022-06-15',
  identity: '2023-01-31',
} as const;
const ARM = 'https://management.azure.com';
const SCOPE = `${ARM}/.default`;
const STAND_IN = 'on this machine a stand-in plays Azure Resource Manager, and the stories play Event Grid';

async function callersOf(world: World): Promise<AzureCallers> {
  const { azureCallers } = await world.settings();
  if (azureCallers === undefined) throw new AppError('CONFIG_INVALID', 'Azure is not connected');
  return azureCallers;
}

/** Who asks: whoever is signed in on this machine. The identity of the functions is nobody's to borrow. */
async function credentialOf(world: World): Promise<ArmCredential> {
  if (world.askers.azure !== undefined) return world.askers.azure;
  const { tenantId } = await callersOf(world);
  const { azureReader } = await world.settings();
  const { DefaultAzureCredential } = await import('@azure/identity');
  const authority = azureReader === undefined ? {} : { authorityHost: azureReader.authority };
  return new DefaultAzureCredential({ tenantId, ...authority });
}

/** The credential, once it has given a token. Throws where nobody is signed in. */
const signedIn = (world: World): Promise<ArmCredential> =>
  world.once('azure signed in', async () => {
    const credential = await credentialOf(world);
    const got = await credential.getToken(SCOPE).catch((cause: unknown) => {
      throw nobody('Azure', LOGIN, cause);
    });
    if (got === null) throw nobody('Azure', LOGIN);
    return credential;
  });
const LOGIN = 'az login --tenant <azureTenantId>';

const armOf = (world: World): Promise<ArmClient> =>
  world.once('azure arm', async () => {
    const { azureReader } = await world.settings();
    const endpoint = azureReader?.endpoint ?? ARM;
    return makeArmClient({ endpoint, credential: await signedIn(world), signal: world.signal });
  });

/** What ARM has under an id; undefined: nothing. Throws where it does not let us see. */
function bodyOf(answer: ArmAnswer, id: string): Object_ | undefined {
  if (answer.is === 'gone') return undefined;
  if (answer.is === 'denied') throw new AppError('UPSTREAM_DENIED', `Azure lets us not see ${id}`);
  if (!isObject(answer.body)) throw new AppError('UPSTREAM_UNAVAILABLE', `Azure answered no object for ${id}`);
  return answer.body;
}

async function listOf(arm: ArmClient, id: string, version: string): Promise<readonly Object_[]> {
  return list(bodyOf(await arm.list(id, version), id)?.['value']).map(object);
}

/** Looks at each subscription whose events are taken. */
const eachSubscription =
  (look: (world: World, subscription: string) => Promise<Found | undefined>, whenAll: string): Check['run'] =>
  async (world): Promise<readonly (Found | Failed)[]> => {
    const { subscriptions } = await callersOf(world);
    return eachOf(
      subscriptions,
      (id) => look(world, id),
      whenAll,
      (id) => `subscription ${id}`,
    );
  };

async function token(world: World): Promise<Found> {
  await signedIn(world);
  return ok('a token for Azure Resource Manager can be had here');
}

async function subscription(world: World, id: string): Promise<Found | undefined> {
  const path = `/subscriptions/${id}`;
  const body = bodyOf(await (await armOf(world)).get(path, VERSIONS.subscription), path);
  if (body === undefined) return missing('there is no such subscription');
  const state = text(body['state']);
  if (state === '') return unknown('Azure does not say whether it is enabled');
  return state === 'Enabled' ? undefined : missing(`it is ${state.toLowerCase()}`);
}

async function provider(world: World, id: string): Promise<Found | undefined> {
  const path = `/subscriptions/${id}/providers/Microsoft.EventGrid`;
  const body = bodyOf(await (await armOf(world)).get(path, VERSIONS.provider), path);
  const state = text(body?.['registrationState']);
  if (body !== undefined && state === '')
    return unknown('Azure does not say whether Microsoft.EventGrid is registered');
  if (state === 'Registered') return undefined;
  const todo = `az provider register --namespace Microsoft.EventGrid --subscription ${id}`;
  return state === 'Registering'
    ? unknown('Microsoft.EventGrid is being registered', { todo: 'Ask again in some minutes.' })
    : missing(`Microsoft.EventGrid is not registered`, { todo });
}

type TopicType = keyof typeof EVENT_GRID_TOPICS;
const TOPIC_TYPES = Object.keys(EVENT_GRID_TOPICS) as readonly TopicType[];

/** The event subscriptions that deliver to this deployment, by the topic type that they are of. */
type Deliveries = { readonly [T in TopicType]: readonly Object_[] };

const deliveriesOf = (world: World, id: string): Promise<Deliveries> =>
  world.once(`azure deliveries of ${id}`, async () => {
    const arm = await armOf(world);
    const eventGrid = `/subscriptions/${id}/providers/Microsoft.EventGrid`;
    const topics = await listOf(arm, `${eventGrid}/systemTopics`, VERSIONS.eventGrid);
    const endpoint = `${world.stack.output('IngestUrl').replace(/\/$/, '')}${INGEST_PATHS.azure}`;
    const isOurs = (s: Object_): boolean => {
      const { endpointType, properties } = object(object(s['properties'])['destination']);
      return endpointType === 'WebHook' && text(object(properties)['endpointBaseUrl']).replace(/\/$/, '') === endpoint;
    };
    const of = async (type: TopicType): Promise<readonly Object_[]> => {
      const own = topics.filter((t) => text(object(t['properties'])['topicType']).toLowerCase() === type.toLowerCase());
      const lists = own.map((t) => listOf(arm, `${text(t['id'])}/eventSubscriptions`, VERSIONS.eventGrid));
      // Made at the subscription itself, without a topic to be seen.
      if (type === 'Microsoft.Resources.Subscriptions')
        lists.push(listOf(arm, `${eventGrid}/eventSubscriptions`, VERSIONS.eventGrid));
      return (await Promise.all(lists)).flat().filter(isOurs);
    };
    const [subscriptions, notifications] = await Promise.all(TOPIC_TYPES.map(of));
    return {
      'Microsoft.Resources.Subscriptions': subscriptions ?? [],
      'Microsoft.ResourceNotifications.Resources': notifications ?? [],
    };
  });

async function eventSubscriptions(world: World, id: string): Promise<Found | undefined> {
  const callers = await callersOf(world);
  const deliveries = await deliveriesOf(world, id);
  for (const type of TOPIC_TYPES) {
    const of = deliveries[type];
    if (of.length === 0) return missing(`no event subscription of ${type} delivers to this deployment`);
    const wrong = of.map((s) => wrongWith(object(s['properties']), callers)).find((f) => f !== undefined);
    if (wrong !== undefined) return { ...wrong, why: `${type}: ${wrong.why}` };
    const told = of.map((s) => object(object(s['properties'])['filter'])['includedEventTypes']);
    // None are named: all are told.
    if (told.some((types) => !Array.isArray(types) || types.length === 0)) continue;
    const names = new Set(told.flat().map((t) => text(t as Json).toLowerCase()));
    const left = Object.keys(EVENT_GRID_TOPICS[type]).filter((t) => !names.has(t.toLowerCase()));
    if (left.length > 0) return missing(`${type}: not told: ${left.join(', ')}`);
  }
  return undefined;
}

/** What keeps an event subscription from telling everything to a front door that takes it. */
function wrongWith(properties: Object_, callers: AzureCallers): Found | undefined {
  const state = text(properties['provisioningState']);
  if (state === 'Creating' || state === 'Updating') return unknown(`it is being changed now: ${state}`);
  if (state !== 'Succeeded') return missing(`it does not deliver: ${state === '' ? 'no state' : state}`);
  const until = text(properties['expirationTimeUtc']);
  if (until !== '') return missing(`it ends, or has ended, at ${until}`);
  const destination = object(object(properties['destination'])['properties']);
  const tenant = text(destination['azureActiveDirectoryTenantId']);
  const application = text(destination['azureActiveDirectoryApplicationIdOrUri']);
  if (application === '') return missing('it brings no token, so the front door refuses it');
  if (tenant !== '' && tenant.toLowerCase() !== callers.tenantId.toLowerCase())
    return missing(`its token is of the tenant ${tenant}, and ${callers.tenantId} is taken`);
  const plainId = (audience: string): string => audience.toLowerCase().replace(/^api:\/\//, '');
  // An address of the application may be the same application: only a token tells.
  if (plainId(application) !== plainId(callers.audience))
    return unknown(`its token is for ${application}, and ${callers.audience} is taken: look whether that is the same`);
  const schema = text(properties['eventDeliverySchema']);
  if (schema === 'CustomInputSchema') return missing('it delivers in a schema that is not known');
  const filter = object(properties['filter']);
  const narrow = ['subjectBeginsWith', 'subjectEndsWith'].some((key) => text(filter[key]) !== '');
  const advanced = filter['advancedFilters'];
  return narrow || (Array.isArray(advanced) && advanced.length > 0) ? missing('it leaves out by a filter') : undefined;
}

async function deadLetters(world: World, id: string): Promise<Found | undefined> {
  const deliveries = await deliveriesOf(world, id);
  const all = TOPIC_TYPES.flatMap((type) => deliveries[type]);
  if (all.length === 0) return missing('there is no event subscription');
  const without = all.filter((s) => {
    const properties = object(s['properties']);
    return !isObject(properties['deadLetterDestination']) && !isObject(properties['deadLetterWithResourceIdentity']);
  });
  return without.length === 0
    ? undefined
    : missing(`what cannot be delivered is lost: ${without.map((s) => text(s['name'])).join(', ')}`);
}

const TRUST = 'onboarding/azure: the federated credentials of the reader (awsIssuer, awsRoles)';

/** The chain by which the functions become the reader: AWS signs, Azure trusts the signer, the audience and their roles. */
async function federation(world: World): Promise<Found> {
  const { azureReader: reader } = await world.settings();
  if (reader === undefined)
    return missing('no azureClientId is configured: nothing is read back, and nothing is swept');
  const issuer = await issuerOf(world);
  if (typeof issuer !== 'string') return issuer;
  const arm = await armOf(world);
  const lists = await Promise.all(
    reader.subscriptions.map((id) =>
      listOf(arm, `/subscriptions/${id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`, VERSIONS.identity),
    ),
  );
  const clientId = reader.clientId.toLowerCase();
  const identity = lists.flat().find((i) => text(object(i['properties'])['clientId']).toLowerCase() === clientId);
  if (identity === undefined)
    return unknown(
      `${reader.clientId} is no identity of these subscriptions: what an application trusts, Entra ID alone shows`,
      {
        todo: 'Look at the federated credentials of the application in Entra ID',
      },
    );
  const trusts = await listOf(arm, `${text(identity['id'])}/federatedIdentityCredentials`, VERSIONS.identity);
  const roles = (await world.functions()).filter((f) => f.name === 'evaluate' || f.name === 'sweep');
  const left = roles.filter(
    ({ role }) =>
      !trusts.some((t) => {
        const { issuer: trusted, subject, audiences } = object(t['properties']);
        return trusted === issuer && subject === role && Array.isArray(audiences) && audiences.includes(AZURE_AUDIENCE);
      }),
  );
  return left.length === 0 && roles.length > 0
    ? ok(`${text(identity['name'])} trusts the roles of evaluate and sweep`)
    : missing(`${text(identity['name'])} does not trust ${left.map((f) => f.role).join(', ')} of ${issuer}`);
}

/** Who signs the tokens of this AWS account; or why nobody does. */
async function issuerOf(world: World): Promise<string | Found> {
  try {
    const { WebIdentityToken } = await world
      .client(STSClient)
      .send(
        new GetWebIdentityTokenCommand({ Audience: [AZURE_AUDIENCE], SigningAlgorithm: 'RS256', DurationSeconds: 60 }),
        { abortSignal: world.signal },
      );
    const issuer = WebIdentityToken === undefined ? undefined : decodeJwt(WebIdentityToken).iss;
    return issuer ?? unknown('AWS gave no identity token');
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('OutboundWebIdentityFederationDisabled'))
      return missing('this AWS account signs no identity tokens', {
        todo: 'aws iam enable-outbound-web-identity-federation',
      });
    throw error;
  }
}

const READS = 'Reader on the subscription';

export const AZURE_CHECKS: readonly Check[] = [
  ...keyChecks('azure', 'Entra ID'),
  {
    id: 'azure-token',
    what: 'whoever asks is signed in to Azure',
    otherwise:
      'Nothing of Azure can be looked at from here. It says nothing of the functions, which have an identity of their own.',
    where: 'azure',
    todo: LOGIN,
    needs: 'sign in to the tenant',
    local: STAND_IN,
    run: ifConnected('azure', token),
  },
  {
    id: 'azure-federation',
    what: 'Azure trusts the roles of the functions that read',
    otherwise: 'The functions get no token: nothing is read back and nothing is swept, so facts are unknown.',
    where: 'azure',
    todo: TRUST,
    needs: `sts:GetWebIdentityToken in AWS, and ${READS} in Azure`,
    local: STAND_IN,
    run: ifConnected('azure', federation),
  },
  {
    id: 'azure-subscriptions',
    what: 'the subscriptions are there and enabled',
    otherwise: 'Nothing of it is told, or everything that comes of another one is quarantined.',
    where: 'azure',
    todo: 'Correct azureSubscriptions, or enable the subscription again',
    needs: READS,
    local: STAND_IN,
    run: ifConnected('azure', eachSubscription(subscription, 'the subscriptions are enabled')),
  },
  {
    id: 'azure-provider',
    what: 'Event Grid is registered in each subscription',
    otherwise: 'Azure makes no event subscriptions there.',
    where: 'azure',
    todo: 'az provider register --namespace Microsoft.EventGrid',
    needs: READS,
    local: STAND_IN,
    run: ifConnected('azure', eachSubscription(provider, 'Microsoft.EventGrid is registered')),
  },
  {
    id: 'azure-event-subscriptions',
    what: 'each subscription tells all its changes to the front door',
    otherwise:
      'Changes in the subscription are seen by the next daily sweep alone, or, where the token is wrong, refused and lost.',
    where: 'azure',
    todo: 'onboarding/azure: deploy main.bicep for the subscription',
    needs: READS,
    local: STAND_IN,
    run: ifConnected('azure', eachSubscription(eventSubscriptions, 'each subscription tells all its changes')),
  },
  {
    id: 'azure-dead-letters',
    what: 'what Event Grid cannot deliver is kept',
    otherwise: 'What Event Grid cannot deliver for a day is dropped without a trace.',
    where: 'azure',
    todo: 'onboarding/azure: the dead-letter container',
    needs: READS,
    local: STAND_IN,
    run: ifConnected('azure', eachSubscription(deadLetters, 'what cannot be delivered is kept')),
  },
];
