/** What a customer deploys into Azure, held against what the front door takes and the reader calls. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONTEXT_KEYS, readConfig } from '../../infra/config.ts';
import { AZURE_AUDIENCE } from '../../shared/adapters/azure/credential.ts';
import { type ReadBackChild, readBackPlans } from '../../shared/mappings/azure/read-back.ts';
import { EVENT_GRID_TOPICS } from '../../shared/mappings/dialects/event-grid.ts';
import { INGEST_PATHS } from '../../shared/model/deployment.ts';
import { EVENT_GRID_APPLICATION_ID } from '../../shared/runtime/env.ts';
import { type Deployed, deployBicep, readBicep, type Value } from '../support/bicep.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'onboarding', 'azure');
const files = globSync('*.bicep', { cwd: folder }).sort();
const INGEST = 'https://abc.execute-api.eu-west-1.amazonaws.com';
const ISSUER = 'https://0.tokens.sts.global.api.aws';
const ROLES = ['arn:aws:iam::111122223333:role/evaluate', 'arn:aws:iam::111122223333:role/sweep'];
const given = { ingestUrl: INGEST, audience: '<app>', awsIssuer: ISSUER, awsRoles: ROLES };

const main = (more: { readonly [name: string]: Value } = {}) =>
  deployBicep(join(folder, 'main.bicep'), { ...given, ...more });
const app = () => deployBicep(join(folder, 'app.bicep'), { deployerPrincipalId: '<deployer>' });
const properties = ({ body }: Deployed) => body['properties'] as { readonly [key: string]: Value };
const of = (deployed: readonly Deployed[], type: string): readonly Deployed[] =>
  deployed.filter((resource) => resource.type.startsWith(`${type}@`));
const one = (deployed: readonly Deployed[], type: string): Deployed => {
  const [first, ...others] = of(deployed, type);
  if (first === undefined || others.length > 0) throw new Error(`not one ${type}`);
  return first;
};
/** A value that has to be a text. */
const said = (value: Value | undefined): string => {
  if (typeof value !== 'string') throw new Error(`no text: ${JSON.stringify(value)}`);
  return value;
};
const pathsOf = (children: readonly ReadBackChild[]): readonly string[] =>
  children.flatMap(({ path, each = [] }) => [path, ...pathsOf(each)]);
const SUBSCRIPTION = 'Microsoft.EventGrid/systemTopics/eventSubscriptions';

describe('the Bicep of Azure', () => {
  it('is of types and versions that Azure has', () => {
    expect(files).toEqual(['app.bicep', 'dead-letters.bicep', 'main.bicep', 'reader.bicep', 'topic.bicep']);
    const types = files.flatMap((file) =>
      readBicep(join(folder, file)).statements.flatMap(({ is, target }) => (is === 'resource' ? [target] : [])),
    );
    // Each was looked up: https://learn.microsoft.com/azure/templates and …/graph/templates/reference/overview, read 2026-11-25.
    expect([...new Set(types)].sort()).toEqual([
      'Microsoft.Authorization/roleAssignments@2022-04-01',
      'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15',
      'Microsoft.EventGrid/systemTopics@2022-06-15',
      'Microsoft.Graph/appRoleAssignedTo@v1.0',
      'Microsoft.Graph/applications@v1.0',
      'Microsoft.Graph/servicePrincipals@v1.0',
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31',
      'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31',
      'Microsoft.Resources/resourceGroups@2024-03-01',
      'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01',
      'Microsoft.Storage/storageAccounts/blobServices@2023-05-01',
      'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01',
      'Microsoft.Storage/storageAccounts@2023-05-01',
    ]);
  });

  it('takes every parameter that it is given, and has a use for each', () => {
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      for (const { name } of readBicep(join(folder, file)).parameters)
        expect(text.match(new RegExp(`\\b${name}\\b`, 'g')) ?? [], `${file}: ${name}`).not.toHaveLength(1);
    }
  });

  it('has no secret, asks for none and calls for none', () => {
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      expect(text).not.toMatch(/listKeys|listAccountSas|passwordCredentials|keyCredentials|SharedAccessKey|sig=/i);
      for (const { decorators, name } of readBicep(join(folder, file)).parameters)
        expect(decorators, `${file}: ${name}`).not.toContain('secure');
    }
  });
});

describe('what Azure tells', () => {
  it('is, of each topic, the event types that the dialect reads, and no others', () => {
    const { deployed } = main();
    const topics = of(deployed, 'Microsoft.EventGrid/systemTopics');
    const told = topics.map((topic) => {
      const [subscription, ...others] = of(deployed, SUBSCRIPTION).filter(({ body }) =>
        said(body['name']).startsWith(`${said(topic.body['name'])}/`),
      );
      expect(others).toEqual([]);
      return [properties(topic)['topicType'], subscription && properties(subscription)['filter']];
    });
    expect(told).toEqual(
      Object.entries(EVENT_GRID_TOPICS).map(([type, events]) => [type, { includedEventTypes: Object.keys(events) }]),
    );
    for (const topic of topics) {
      expect(topic.body['location']).toBe('global');
      expect(properties(topic)['source']).toBe('/subscriptions/<subscription>');
    }
  });

  it('goes to the front door with a token of our application, and is tried for as long as there is', () => {
    const subscriptions = of(main().deployed, SUBSCRIPTION);
    expect(subscriptions).toHaveLength(2);
    for (const subscription of subscriptions)
      expect(properties(subscription)).toMatchObject({
        eventDeliverySchema: 'EventGridSchema',
        destination: {
          endpointType: 'WebHook',
          properties: {
            endpointUrl: `${INGEST}${INGEST_PATHS.azure}`,
            azureActiveDirectoryTenantId: '<tenant>',
            azureActiveDirectoryApplicationIdOrUri: '<app>',
          },
        },
        retryPolicy: { eventTimeToLiveInMinutes: 1440, maxDeliveryAttempts: 30 },
      });
  });

  it('may be told by a topic that is there already, of which there can be no second', () => {
    const there = { name: 'theirs', resourceGroup: 'their-group' };
    const { deployed } = main({ subscriptionTopic: there });
    expect(of(deployed, 'Microsoft.EventGrid/systemTopics').map(({ body }) => body['name'])).toEqual([
      'edict-prod-notifications',
    ]);
    expect(of(deployed, SUBSCRIPTION).map(({ body }) => body['name'])).toEqual([
      'theirs/edict-prod',
      'edict-prod-notifications/edict-prod',
    ]);
  });
});

describe('what could not be delivered', () => {
  const destination = {
    endpointType: 'StorageBlob',
    properties: { resourceId: '<id account>', blobContainerName: 'undelivered' },
  };

  it('is kept, by an identity that may write in that one container', () => {
    const { deployed } = main();
    for (const subscription of of(deployed, SUBSCRIPTION)) {
      expect(properties(subscription)['deadLetterWithResourceIdentity']).toEqual({
        identity: { type: 'UserAssigned', userAssignedIdentity: '<id writer>' },
        deadLetterDestination: destination,
      });
      expect(properties(subscription)).not.toHaveProperty('deadLetterDestination');
    }
    for (const topic of of(deployed, 'Microsoft.EventGrid/systemTopics'))
      expect(topic.body['identity']).toEqual({ type: 'UserAssigned', userAssignedIdentities: { '<id writer>': {} } });
    expect(properties(one(deployed, 'Microsoft.Storage/storageAccounts'))['allowSharedKeyAccess']).toBe(false);
  });

  it.each([
    ['no identity is given in “global”', { deadLettersByIdentity: false }, 2],
    ['one topic is somebody else’s', { subscriptionTopic: { name: 'theirs', resourceGroup: 'g' } }, 1],
    ['the other is somebody else’s', { notificationsTopic: { name: 'theirs', resourceGroup: 'g' } }, 1],
  ])('is kept by Event Grid itself where %s', (_case, more, without) => {
    const { deployed } = main(more);
    const plain = of(deployed, SUBSCRIPTION).filter((s) => properties(s)['deadLetterDestination'] !== undefined);
    expect(plain.map((s) => properties(s)['deadLetterDestination'])).toEqual(
      Array.from({ length: without }, () => destination),
    );
    for (const subscription of plain)
      expect(properties(subscription)).not.toHaveProperty('deadLetterWithResourceIdentity');
    expect(properties(one(deployed, 'Microsoft.Storage/storageAccounts'))['allowSharedKeyAccess']).toBe(true);
  });

  it('lies in a private container, by TLS alone, and is forgotten', () => {
    const { deployed } = main();
    expect(properties(one(deployed, 'Microsoft.Storage/storageAccounts'))).toMatchObject({
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
    });
    const container = one(deployed, 'Microsoft.Storage/storageAccounts/blobServices/containers');
    expect(container.body).toMatchObject({ name: 'undelivered', properties: { publicAccess: 'None' } });
    expect(JSON.stringify(one(deployed, 'Microsoft.Storage/storageAccounts/managementPolicies').body)).toContain(
      '"daysAfterModificationGreaterThan":30',
    );
  });
});

describe('who may do what', () => {
  it('is, besides the container, Reader on the subscription', () => {
    // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles, read 2026-11-25.
    const names: { readonly [id: string]: string } = {
      'acdd72a7-3385-48ef-bd42-f606fba81ae7': 'Reader',
      'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
    };
    const granted = of(main().deployed, 'Microsoft.Authorization/roleAssignments').map((assignment) => {
      const { roleDefinitionId, principalId, principalType } = properties(assignment);
      const scope = assignment.body['scope'] as { readonly id: string } | undefined;
      return [names[said(roleDefinitionId).split('/').at(-1) ?? ''], principalId, principalType, scope?.id];
    });
    expect(granted).toEqual([
      ['Storage Blob Data Contributor', '<principal writer>', 'ServicePrincipal', '<id container>'],
      // Without a scope of its own: that of the file, the subscription.
      ['Reader', '<principal identity>', 'ServicePrincipal', undefined],
    ]);
    expect(readBicep(join(folder, 'main.bicep')).targetScope).toBe('subscription');
  });

  it('is no less than what is called: nothing but reading', () => {
    const adapters = globSync('shared/adapters/azure/*.ts', { cwd: root }).map((file) =>
      readFileSync(join(root, file), 'utf8'),
    );
    // ARM is asked by GET alone, and Resource Graph, whose query is a reading that is posted.
    const methods = adapters.flatMap((source) => [...source.matchAll(/method: '(\w+)'/g)].map(([, method]) => method));
    expect(methods).toEqual(['GET']);
    const clients = adapters.flatMap((source) =>
      [...source.matchAll(/\bclient\.(\w+)\(/g)].map(([, call = '']) => call),
    );
    expect(clients.toSorted()).toEqual(['resources', 'sendRequest']);
    // No id that is read back is one of an action, such as listKeys.
    const paths = Object.values(readBackPlans).flatMap(({ children }) => pathsOf(children));
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => /\/(?:list|get|regenerate)[A-Z]?\w*$/i.test(path))).toEqual([]);
  });

  it('is the roles of the functions in AWS and no key', () => {
    const trusts = of(main().deployed, 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials');
    expect(trusts.map(properties)).toEqual(
      ROLES.map((subject) => ({ issuer: ISSUER, subject, audiences: [AZURE_AUDIENCE] })),
    );
    expect(new Set(trusts.map(({ body }) => body['name'])).size).toBe(ROLES.length);
  });

  it('is the same reader in every further subscription', () => {
    const { deployed, outputs } = main({ readerPrincipalId: '<first>', awsIssuer: '', awsRoles: [] });
    expect(of(deployed, 'Microsoft.ManagedIdentity/userAssignedIdentities').map(({ symbol }) => symbol)).toEqual([
      'writer',
    ]);
    expect(of(deployed, 'Microsoft.Authorization/roleAssignments').map((a) => properties(a)['principalId'])).toEqual([
      '<principal writer>',
      '<first>',
    ]);
    expect(outputs).toMatchObject({ azureClientId: '', readerPrincipalId: '<first>' });
  });

  it('is Event Grid alone at the front door, in the role that the door asks for', () => {
    const { deployed } = app();
    const { azureCallers } = readConfig(
      (key) => ({ azureTenantId: 't', azureAudience: 'a', azureSubscriptions: 's' })[key],
    );
    const application = one(deployed, 'Microsoft.Graph/applications');
    const [role] = application.body['appRoles'] as readonly [{ readonly id: string; readonly value: string }];
    expect(role).toMatchObject({ value: azureCallers?.role, isEnabled: true });
    expect(application.body).toMatchObject({
      signInAudience: 'AzureADMyOrg',
      api: { requestedAccessTokenVersion: 2 },
    });
    const eventGrid = deployed.filter(({ existing }) => existing);
    expect(eventGrid.map(({ body }) => body)).toEqual([{ appId: EVENT_GRID_APPLICATION_ID }]);
    expect(of(deployed, 'Microsoft.Graph/servicePrincipals').find(({ existing }) => !existing)?.body).toMatchObject({
      appRoleAssignmentRequired: true,
    });
    expect(of(deployed, 'Microsoft.Graph/appRoleAssignedTo').map(({ body }) => body)).toEqual([
      { appRoleId: role.id, principalId: '<id eventGrid>', resourceId: '<id principal>' },
      { appRoleId: role.id, principalId: '<deployer>', resourceId: '<id principal>' },
    ]);
  });
});

it('gives back what the deployment in AWS is told, by the names of its context', () => {
  const outputs = { ...app().outputs, ...main().outputs };
  const forPeople = ['readerPrincipalId', 'subscriptionId'];
  const keys = Object.keys(outputs).filter((name) => !forPeople.includes(name));
  expect(keys.sort()).toEqual(['azureAudience', 'azureClientId', 'azureTenantId']);
  expect(CONTEXT_KEYS).toEqual(expect.arrayContaining(keys));
});
