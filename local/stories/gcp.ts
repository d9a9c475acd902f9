/** What happens in Google Cloud: messages of the asset feeds for resources and for IAM policies. */
import {
  bucketAsset,
  bucketData,
  changed,
  endpointAsset,
  endpointData,
  firewallAsset,
  firewallData,
  granted,
  project,
  removed,
  sqlAsset,
  sqlData,
} from './gcp-documents.ts';
import type { Story } from './story.ts';

const key = `projects/${project.id}/locations/europe-west3/keyRings/acme/cryptoKeys/shop`;
const labels = { environment: 'production', owner: 'shop' };
const ownersOnly = { 'roles/storage.legacyBucketOwner': [`projectOwner:${project.id}`] } as const;

const media = bucketAsset('acme-media');
const mediaOpen = {
  uniform: true,
  prevention: 'inherited',
  versioning: true,
  logBucket: 'acme-access-logs',
  kmsKey: key,
  labels: { ...labels, data_classification: 'confidential' },
} as const;
const ssh = firewallAsset('acme-allow-ssh');
const checkout = sqlAsset('acme-checkout');
const checkoutFixed = {
  public: false,
  sslMode: 'ENCRYPTED_ONLY',
  backups: 14,
  deletionProtection: true,
  labels,
} as const;
const pricing = endpointAsset('3174925068812386304');
const legacy = bucketAsset('acme-legacy-imports');
const old = firewallAsset('acme-old-rdp');

export const gcpStories: readonly Story[] = [
  {
    id: 'gcp-media',
    cloud: 'gcp',
    about: 'acme-media',
    steps: [
      {
        says: 'A bucket is created; who may read it comes in a message of its own.',
        deliver: changed(media, bucketData('acme-media', mediaOpen)),
        becomes: {
          [media.name]: {
            'object-store.no-public-access': 'unknown',
            'object-store.public-access-blocked': 'violation',
            'object-store.tls-only': 'violation',
          },
        },
      },
      {
        says: 'Its IAM policy gives everyone the role of a viewer.',
        deliver: granted(media, { ...ownersOnly, 'roles/storage.objectViewer': ['allUsers'] }),
        becomes: { [media.name]: { 'object-store.no-public-access': 'violation' } },
      },
      {
        says: 'Public access prevention is enforced: the grant has no effect any more.',
        deliver: changed(media, bucketData('acme-media', { ...mediaOpen, prevention: 'enforced' })),
        becomes: {
          [media.name]: {
            'object-store.no-public-access': 'compliant',
            'object-store.public-access-blocked': 'compliant',
          },
        },
      },
      {
        says: 'The grant is removed as well.',
        deliver: granted(media, ownersOnly),
        becomes: {},
      },
      {
        says: 'The bucket is deleted.',
        deliver: removed(media, bucketData('acme-media', { ...mediaOpen, prevention: 'enforced' })),
        becomes: { [media.name]: { 'object-store.tls-only': 'gone' } },
      },
    ],
  },
  {
    id: 'gcp-allow-ssh',
    cloud: 'gcp',
    about: 'acme-allow-ssh',
    steps: [
      {
        says: 'A firewall rule lets half of the internet in to every TCP port.',
        deliver: changed(
          ssh,
          firewallData('acme-allow-ssh', { sources: ['128.0.0.0/1'], allowed: [{ protocol: 'tcp' }] }),
        ),
        becomes: {
          [ssh.name]: {
            'firewall.no-admin-ports-from-internet': 'violation',
            'firewall.no-database-ports-from-internet': 'violation',
          },
        },
      },
      {
        says: "It is narrowed to SSH from Google's identity-aware proxy.",
        deliver: changed(
          ssh,
          firewallData('acme-allow-ssh', {
            sources: ['35.235.240.0/20'],
            allowed: [{ protocol: 'tcp', ports: ['22'] }],
          }),
        ),
        becomes: {
          [ssh.name]: {
            'firewall.no-admin-ports-from-internet': 'compliant',
            'firewall.no-database-ports-from-internet': 'compliant',
          },
        },
      },
      {
        says: 'The rule is deleted.',
        deliver: removed(ssh, firewallData('acme-allow-ssh', { sources: ['35.235.240.0/20'], allowed: [] })),
        becomes: {},
      },
    ],
  },
  {
    id: 'gcp-checkout',
    cloud: 'gcp',
    about: 'acme-checkout',
    steps: [
      {
        says: 'A Cloud SQL instance is created with a public address, without TLS, without backups.',
        deliver: changed(
          checkout,
          sqlData('acme-checkout', {
            public: true,
            sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED',
            backups: undefined,
            deletionProtection: false,
            labels,
          }),
        ),
        becomes: {
          [checkout.name]: {
            'sql-database.not-public': 'violation',
            'sql-database.tls-required': 'violation',
            'sql-database.backups-kept': 'violation',
            'sql-database.deletion-protected': 'violation',
          },
        },
      },
      {
        says: 'All four are put right.',
        deliver: changed(checkout, sqlData('acme-checkout', checkoutFixed)),
        becomes: {
          [checkout.name]: {
            'sql-database.not-public': 'compliant',
            'sql-database.tls-required': 'compliant',
            'sql-database.backups-kept': 'compliant',
            'sql-database.deletion-protected': 'compliant',
          },
        },
      },
      {
        says: 'The instance is deleted.',
        deliver: removed(checkout, sqlData('acme-checkout', checkoutFixed)),
        becomes: {},
      },
    ],
  },
  {
    id: 'gcp-pricing',
    cloud: 'gcp',
    about: 'acme-pricing',
    steps: [
      {
        says: 'A Vertex AI endpoint is created that anyone with a token can reach, under a key of Google.',
        deliver: changed(
          pricing,
          endpointData('3174925068812386304', { displayName: 'acme-pricing', private: false, labels }),
        ),
        becomes: {
          [pricing.name]: {
            'model-endpoint.no-public-network': 'violation',
            'model-endpoint.customer-managed-key': 'violation',
            'model-endpoint.invocations-logged': 'unknown',
          },
        },
      },
      {
        says: 'It is replaced by a private one under the company key, with requests logged.',
        deliver: changed(
          pricing,
          endpointData('3174925068812386304', {
            displayName: 'acme-pricing',
            private: true,
            kmsKey: key,
            logTo: `bq://${project.id}.models.requests`,
            labels,
          }),
        ),
        becomes: {
          [pricing.name]: {
            'model-endpoint.no-public-network': 'compliant',
            'model-endpoint.customer-managed-key': 'compliant',
          },
        },
      },
    ],
  },
  {
    id: 'gcp-legacy-imports',
    cloud: 'gcp',
    about: 'acme-legacy-imports',
    steps: [
      {
        says: 'A bucket of old is announced: its objects have access control lists, which nobody announces.',
        deliver: changed(legacy, bucketData('acme-legacy-imports', { ...mediaOpen, uniform: false })),
        becomes: {
          [legacy.name]: {
            'object-store.no-public-access': 'unknown',
            'object-store.public-access-blocked': 'violation',
            'object-store.tls-only': 'violation',
          },
        },
      },
      {
        says: 'Its IAM policy grants nothing to the public, which does not say that no object is: it stays undecided.',
        deliver: granted(legacy, ownersOnly),
        becomes: {},
      },
    ],
  },
  {
    id: 'gcp-old-rdp',
    cloud: 'gcp',
    about: 'acme-old-rdp',
    steps: [
      {
        says: 'A firewall rule for RDP from anywhere exists, and is disabled: nothing comes in.',
        deliver: changed(
          old,
          firewallData('acme-old-rdp', {
            sources: ['0.0.0.0/0'],
            allowed: [{ protocol: 'tcp', ports: ['3389'] }],
            disabled: true,
          }),
        ),
        becomes: {},
      },
    ],
  },
];
