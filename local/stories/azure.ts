/** What happens in Azure: Event Grid deliveries in both schemas, with the state inside and without. */
import {
  answers,
  type ArmResource,
  gone,
  happened,
  networkSecurityGroup,
  notified,
  notifiedGone,
  openAi,
  postgres,
  resourceId,
  sqlServer,
  storageAccount,
} from './azure-documents.ts';
import { DENIED, type Story } from './story.ts';

const documents: ArmResource = {
  group: 'acme-documents',
  type: 'Microsoft.Storage/storageAccounts',
  name: 'acmedocuments',
  tags: { environment: 'production', owner: 'legal', data_classification: 'confidential' },
};
const jump: ArmResource = {
  group: 'acme-network',
  type: 'Microsoft.Network/networkSecurityGroups',
  name: 'acme-jump',
  tags: { environment: 'production', owner: 'platform' },
};
const copilot: ArmResource = {
  group: 'acme-ai',
  type: 'Microsoft.CognitiveServices/accounts',
  name: 'acme-copilot',
  location: 'swedencentral',
  tags: { environment: 'production', owner: 'ai' },
};
const orders: ArmResource = {
  group: 'acme-orders',
  type: 'Microsoft.DBforPostgreSQL/flexibleServers',
  name: 'acme-orders',
  tags: { environment: 'production', owner: 'shop' },
};
const vault: ArmResource = {
  group: 'acme-hr',
  type: 'Microsoft.Storage/storageAccounts',
  name: 'acmehrvault',
  tags: { environment: 'production', owner: 'hr', data_classification: 'restricted' },
};
const crm: ArmResource = {
  group: 'acme-crm',
  type: 'Microsoft.Sql/servers',
  name: 'acme-crm',
  tags: { environment: 'test', owner: 'sales' },
};

const documentsFixed = {
  allowPublic: false,
  httpsOnly: true,
  versioning: true,
  containers: { exports: 'None', contracts: 'None' },
  logged: true,
  customerKey: true,
} as const;
const rdpFromAnywhere = {
  name: 'allow-rdp',
  priority: 200,
  access: 'Allow',
  protocol: 'Tcp',
  source: 'Internet',
  ports: ['443', '3380-3390'],
} as const;
const denyRdp = {
  name: 'deny-rdp',
  priority: 100,
  access: 'Deny',
  protocol: '*',
  source: '*',
  ports: '3389',
} as const;
const openRules = networkSecurityGroup(jump, [rdpFromAnywhere]);
const closedRules = networkSecurityGroup(jump, [denyRdp, rdpFromAnywhere]);

export const azureStories: readonly Story[] = [
  {
    id: 'azure-documents',
    cloud: 'azure',
    about: 'acmedocuments',
    steps: [
      {
        says: 'A storage account is created that permits public containers, and one of its containers is public.',
        deliver: happened('event-grid', 'write', documents),
        arm: storageAccount(documents, {
          allowPublic: true,
          httpsOnly: true,
          versioning: true,
          containers: { exports: 'Blob', contracts: 'None' },
          logged: true,
          customerKey: false,
        }),
        becomes: {
          [resourceId(documents)]: {
            'object-store.no-public-access': 'violation',
            'object-store.public-access-blocked': 'violation',
            'object-store.customer-managed-key': 'violation',
          },
        },
      },
      {
        says: 'The account forbids public containers, and gets a key of its own.',
        deliver: happened('event-grid', 'write', documents),
        arm: storageAccount(documents, documentsFixed),
        becomes: {
          [resourceId(documents)]: {
            'object-store.no-public-access': 'compliant',
            'object-store.public-access-blocked': 'compliant',
            'object-store.customer-managed-key': 'compliant',
          },
        },
      },
      {
        says: 'The storage account is deleted.',
        deliver: happened('event-grid', 'delete', documents),
        arm: gone(documents),
        becomes: {},
      },
    ],
  },
  {
    id: 'azure-jump',
    cloud: 'azure',
    about: 'acme-jump',
    steps: [
      {
        says: 'A network security group lets the internet in to RDP, inside a range of ports.',
        deliver: notified('cloud-events', jump, openRules),
        arm: answers(jump, { properties: openRules }),
        becomes: { [resourceId(jump)]: { 'firewall.no-admin-ports-from-internet': 'violation' } },
      },
      {
        says: 'A rule of higher priority denies it.',
        deliver: notified('cloud-events', jump, closedRules),
        arm: answers(jump, { properties: closedRules }),
        becomes: { [resourceId(jump)]: { 'firewall.no-admin-ports-from-internet': 'compliant' } },
      },
      {
        says: 'The network security group is deleted.',
        deliver: notifiedGone('cloud-events', jump),
        arm: gone(jump),
        becomes: {},
      },
    ],
  },
  {
    id: 'azure-copilot',
    cloud: 'azure',
    about: 'acme-copilot',
    steps: [
      {
        says: 'An Azure OpenAI account is created: public, with keys, nothing logged.',
        deliver: happened('cloud-events', 'write', copilot),
        arm: openAi(copilot, { public: true, keys: true, customerKey: false, logged: false }),
        becomes: {
          [resourceId(copilot)]: {
            'model-endpoint.no-public-network': 'violation',
            'model-endpoint.no-static-keys': 'violation',
            'model-endpoint.customer-managed-key': 'violation',
            'model-endpoint.invocations-logged': 'violation',
          },
        },
      },
      {
        says: 'It becomes private, keyless, logged, and encrypted under the company key.',
        deliver: happened('cloud-events', 'write', copilot),
        arm: openAi(copilot, { public: false, keys: false, customerKey: true, logged: true }),
        becomes: {
          [resourceId(copilot)]: {
            'model-endpoint.no-public-network': 'compliant',
            'model-endpoint.no-static-keys': 'compliant',
            'model-endpoint.customer-managed-key': 'compliant',
            'model-endpoint.invocations-logged': 'compliant',
          },
        },
      },
      {
        says: 'The account is deleted.',
        deliver: happened('cloud-events', 'delete', copilot),
        arm: gone(copilot),
        becomes: {},
      },
    ],
  },
  {
    id: 'azure-orders',
    cloud: 'azure',
    about: 'acme-orders',
    steps: [
      {
        says: 'A PostgreSQL server is created as it should be.',
        deliver: happened('event-grid', 'write', orders),
        arm: postgres(orders, { public: false, backupDays: 14, tls: true, locked: true }),
        becomes: {},
      },
    ],
  },
  {
    id: 'azure-hr-vault',
    cloud: 'azure',
    about: 'acmehrvault',
    steps: [
      {
        says: 'A storage account permits public containers, and Edict may not list them: nobody can say.',
        deliver: happened('cloud-events', 'write', vault),
        arm: storageAccount(vault, {
          allowPublic: true,
          httpsOnly: true,
          versioning: true,
          containers: DENIED,
          logged: true,
          customerKey: true,
        }),
        becomes: {
          [resourceId(vault)]: {
            'object-store.customer-managed-key': 'unknown',
            'object-store.no-public-access': 'unknown',
            'object-store.public-access-blocked': 'violation',
          },
        },
      },
    ],
  },
  {
    id: 'azure-crm',
    cloud: 'azure',
    about: 'acme-crm',
    steps: [
      {
        says: 'A SQL server is reachable from the internet; of its databases the event says nothing, and Azure refuses to.',
        deliver: notified('event-grid', crm, sqlServer(crm, true)),
        arm: { [resourceId(crm)]: DENIED },
        becomes: {
          [resourceId(crm)]: {
            'sql-database.not-public': 'violation',
            'sql-database.encrypted-at-rest': 'unknown',
            'sql-database.backups-kept': 'unknown',
          },
        },
      },
    ],
  },
];
