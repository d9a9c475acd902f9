/** What each provider would send if the canary's firewall changed: SSH open to the internet, or to its own network alone. */
import { CANARY } from '../../model/canary.ts';
import type { Json } from '../../model/json.ts';
import type { Probe } from '../../ports/probe-log.ts';

type Change = Pick<Probe, 'sentAt' | 'expects'>;
const rangeOf = ({ expects }: Change): string => (expects === 'violation' ? '0.0.0.0/0' : '10.0.0.0/8');

/** The detail of a Config event. */
export function configDetail(change: Change): Json {
  const { account, id } = CANARY.aws;
  const [groupId = ''] = id.split('/').slice(-1);
  const range = rangeOf(change);
  return {
    recordVersion: '1.3',
    messageType: 'ConfigurationItemChangeNotification',
    configurationItemDiff: null,
    notificationCreationTime: change.sentAt,
    configurationItem: {
      configuration: {
        groupName: 'edict-canary',
        ipPermissions: [
          {
            ipProtocol: 'tcp',
            fromPort: 22,
            toPort: 22,
            ipv4Ranges: [{ cidrIp: range }],
            ipRanges: [range],
            ipv6Ranges: [],
            prefixListIds: [],
            userIdGroupPairs: [],
          },
        ],
        ipPermissionsEgress: [],
        ownerId: account,
        groupId,
        tags: [],
      },
      supplementaryConfiguration: {},
      tags: {},
      configurationItemVersion: '1.3',
      configurationItemCaptureTime: change.sentAt,
      configurationStateId: Date.parse(change.sentAt),
      awsAccountId: account,
      configurationItemStatus: 'OK',
      resourceType: 'AWS::EC2::SecurityGroup',
      resourceId: groupId,
      resourceName: 'edict-canary',
      awsRegion: 'us-east-1',
      ARN: id,
    },
  };
}

/** The body of an Event Grid delivery: a resource notification, which carries the state. */
export function eventGridBody(change: Change): Json {
  const { account, id } = CANARY.azure;
  return [
    {
      specversion: '1.0',
      id: `edict-canary-${change.sentAt}`,
      source: `/subscriptions/${account}`,
      subject: id,
      type: 'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated',
      time: change.sentAt,
      data: {
        resourceInfo: {
          id,
          name: 'edict-canary',
          type: 'Microsoft.Network/networkSecurityGroups',
          location: 'westeurope',
          tags: {},
          properties: {
            provisioningState: 'Succeeded',
            securityRules: [
              {
                id: `${id}/securityRules/ssh`,
                name: 'ssh',
                type: 'Microsoft.Network/networkSecurityGroups/securityRules',
                properties: {
                  provisioningState: 'Succeeded',
                  access: 'Allow',
                  direction: 'Inbound',
                  priority: 100,
                  protocol: 'Tcp',
                  sourcePortRange: '*',
                  sourcePortRanges: [],
                  sourceAddressPrefix: rangeOf(change),
                  sourceAddressPrefixes: [],
                  destinationAddressPrefix: '*',
                  destinationAddressPrefixes: [],
                  destinationPortRange: '22',
                  destinationPortRanges: [],
                },
              },
            ],
            defaultSecurityRules: [],
          },
        },
        apiVersion: '2024-01-01',
        operationalInfo: { resourceEventTime: change.sentAt },
      },
    },
  ];
}

/** The body of a Pub/Sub push of an asset feed. */
export function assetPush(change: Change, subscription: string): Json {
  const { account, id } = CANARY.google;
  const asset = {
    asset: {
      name: id,
      assetType: 'compute.googleapis.com/Firewall',
      ancestors: [`projects/${account}`],
      updateTime: change.sentAt,
      resource: {
        version: 'v1',
        discoveryName: 'Firewall',
        parent: `//cloudresourcemanager.googleapis.com/projects/${account}`,
        location: 'global',
        data: {
          name: 'edict-canary',
          direction: 'INGRESS',
          disabled: false,
          priority: 1000,
          allowed: [{ IPProtocol: 'tcp', ports: ['22'] }],
          sourceRanges: [rangeOf(change)],
        },
      },
    },
    window: { startTime: change.sentAt },
  };
  return { subscription, message: { data: Buffer.from(JSON.stringify(asset)).toString('base64') } };
}
