/** What happens in AWS: Config notices of buckets, databases and security groups. */
import {
  accountBlock,
  bucket,
  cluster,
  created,
  database,
  deleted,
  everyone,
  everyoneReads,
  policy,
  securityGroup,
  tlsOnly,
  updated,
} from './aws-documents.ts';
import { localAccount, localRegion } from '../ministack.ts';
import type { Story } from './story.ts';

const production = { account: '111122223333', region: 'eu-central-1' } as const;
/** The account of the local AWS itself: what the service reads there about databases is there to be read. */
const home = { account: localAccount, region: localRegion } as const;
const marketing = { account: '444455556666', region: 'us-east-1' } as const;
const key = 'arn:aws:kms:eu-central-1:111122223333:key/7c1e5b90-2f64-4d0a-8d1b-3f9a6c2e8b57';
const tags = { environment: 'production', owner: 'payments', data_classification: 'confidential' };

/** Versioned, logged, blocked, TLS only, under a key of our own: nothing to say. */
const asItShouldBe = (name: string) =>
  ({
    block: true,
    policy: policy(tlsOnly(name)),
    versioning: true,
    logTo: 'acme-access-logs',
    kmsKey: key,
    tags,
  }) as const;

const invoices = 'arn:aws:s3:::acme-invoices';
const ledger = `arn:aws:rds:${localRegion}:${localAccount}:db:acme-ledger`;
const bastion = 'arn:aws:ec2:eu-central-1:111122223333:security-group/sg-0a1b2c3d4e5f60718';
const brochures = 'arn:aws:s3:::acme-brochures';
const clinicMember = `arn:aws:rds:${localRegion}:${localAccount}:db:acme-clinic-1`;

/** Parameter groups, of which AWS announces nothing: the service reads them when it hears of a database that uses them. */
export const parameterGroups = [
  { name: 'acme-postgres16', family: 'postgres16', of: 'instance', parameters: { 'rds.force_ssl': '0' } },
  { name: 'acme-postgres16-tls', family: 'postgres16', of: 'instance', parameters: { 'rds.force_ssl': '1' } },
  { name: 'acme-aurora16-tls', family: 'aurora-postgresql16', of: 'cluster', parameters: { 'rds.force_ssl': '1' } },
] as const;

const ledgerState = {
  engine: 'postgres',
  version: '16.6',
  encrypted: true,
  parameterGroup: 'acme-postgres16-tls',
  tags: { environment: 'production', owner: 'payments' },
} as const;
const web = { protocol: 'tcp', from: 443, to: 443, ipv4: ['0.0.0.0/0'], ipv6: ['::/0'] } as const;

export const awsStories: readonly Story[] = [
  {
    id: 'aws-invoices',
    cloud: 'aws',
    about: 'acme-invoices',
    steps: [
      {
        says: 'The production account does not block public access.',
        deliver: created(accountBlock(production.account, false)),
        becomes: {},
      },
      {
        says: 'A bucket with invoices is created, and its policy lets everyone read them.',
        deliver: created(
          bucket('acme-invoices', production, {
            block: false,
            policy: policy(everyoneReads('acme-invoices')),
            versioning: true,
            logTo: 'acme-access-logs',
            kmsKey: key,
            tags,
          }),
        ),
        becomes: {
          [invoices]: {
            'object-store.no-public-access': 'violation',
            'object-store.public-access-blocked': 'violation',
            'object-store.tls-only': 'violation',
          },
        },
      },
      {
        says: 'The policy is replaced by one that refuses requests without TLS, and public access is blocked.',
        deliver: updated(bucket('acme-invoices', production, asItShouldBe('acme-invoices'))),
        becomes: {
          [invoices]: {
            'object-store.no-public-access': 'compliant',
            'object-store.public-access-blocked': 'compliant',
            'object-store.tls-only': 'compliant',
          },
        },
      },
      {
        says: 'The bucket is deleted.',
        deliver: deleted(bucket('acme-invoices', production, asItShouldBe('acme-invoices'))),
        becomes: {},
      },
    ],
  },
  {
    id: 'aws-ledger',
    cloud: 'aws',
    about: 'acme-ledger',
    steps: [
      {
        says: 'A production database is created: a public address, no backups, no TLS required, no protection from deletion.',
        deliver: created(
          database('acme-ledger', home, {
            ...ledgerState,
            public: true,
            backupDays: 0,
            deletionProtection: false,
            parameterGroup: 'acme-postgres16',
          }),
        ),
        becomes: {
          [ledger]: {
            'sql-database.not-public': 'violation',
            'sql-database.backups-kept': 'violation',
            'sql-database.deletion-protected': 'violation',
            'sql-database.tls-required': 'violation',
          },
        },
      },
      {
        says: 'It gets backups, protection and another parameter group, and loses its public address.',
        deliver: updated(
          database('acme-ledger', home, {
            ...ledgerState,
            public: false,
            backupDays: 14,
            deletionProtection: true,
          }),
        ),
        becomes: {
          [ledger]: {
            'sql-database.not-public': 'compliant',
            'sql-database.backups-kept': 'compliant',
            'sql-database.deletion-protected': 'compliant',
            'sql-database.tls-required': 'compliant',
          },
        },
      },
      {
        says: 'Somebody turns its backups down to three days.',
        deliver: updated(
          database('acme-ledger', home, {
            ...ledgerState,
            public: false,
            backupDays: 3,
            deletionProtection: true,
          }),
        ),
        becomes: { [ledger]: { 'sql-database.backups-kept': 'violation' } },
      },
      {
        says: 'The database is deleted, and its open finding ends with it.',
        deliver: deleted(
          database('acme-ledger', home, {
            ...ledgerState,
            public: false,
            backupDays: 3,
            deletionProtection: false,
          }),
        ),
        becomes: { [ledger]: { 'sql-database.backups-kept': 'gone' } },
      },
    ],
  },
  {
    id: 'aws-bastion',
    cloud: 'aws',
    about: 'acme-bastion',
    steps: [
      {
        says: 'A security group opens SSH to every IPv6 address, and the cache to every IPv4 address.',
        deliver: created(
          securityGroup('sg-0a1b2c3d4e5f60718', 'acme-bastion', production, [
            { protocol: 'tcp', from: 22, to: 22, ipv4: ['10.20.0.0/16'], ipv6: ['::/0'] },
            { protocol: 'tcp', from: 6379, to: 6379, ipv4: ['0.0.0.0/0'] },
          ]),
        ),
        becomes: {
          [bastion]: {
            'firewall.no-admin-ports-from-internet': 'violation',
            'firewall.no-database-ports-from-internet': 'violation',
          },
        },
      },
      {
        says: 'Both are narrowed to the company network.',
        deliver: updated(
          securityGroup('sg-0a1b2c3d4e5f60718', 'acme-bastion', production, [
            { protocol: 'tcp', from: 22, to: 22, ipv4: ['10.20.0.0/16'], ipv6: ['fd12:3456:789a::/48'] },
            { protocol: 'tcp', from: 6379, to: 6379, ipv4: ['10.20.0.0/16'] },
          ]),
        ),
        becomes: {
          [bastion]: {
            'firewall.no-admin-ports-from-internet': 'compliant',
            'firewall.no-database-ports-from-internet': 'compliant',
          },
        },
      },
      {
        says: 'The security group is deleted.',
        deliver: deleted(securityGroup('sg-0a1b2c3d4e5f60718', 'acme-bastion', production, [])),
        becomes: {},
      },
    ],
  },
  {
    id: 'aws-brochures',
    cloud: 'aws',
    about: 'acme-brochures',
    steps: [
      {
        says: 'The marketing account does not block public access.',
        deliver: created(accountBlock(marketing.account, false)),
        becomes: {},
      },
      {
        says: 'It creates a bucket that an access control list opens to everyone.',
        deliver: created(
          bucket('acme-brochures', marketing, {
            grants: [everyone],
            policy: policy(tlsOnly('acme-brochures')),
            versioning: true,
            logTo: 'acme-access-logs',
            tags: { environment: 'production', owner: 'marketing', data_classification: 'public' },
          }),
        ),
        becomes: {
          [brochures]: {
            'object-store.no-public-access': 'violation',
            'object-store.public-access-blocked': 'violation',
          },
        },
      },
      {
        says: 'The account turns the block on: nothing happened to the bucket, and it is no longer public.',
        deliver: updated(accountBlock(marketing.account, true)),
        becomes: {
          [brochures]: {
            'object-store.no-public-access': 'compliant',
            'object-store.public-access-blocked': 'compliant',
          },
        },
      },
    ],
  },
  {
    id: 'aws-clinic',
    cloud: 'aws',
    about: 'acme-clinic-1',
    steps: [
      {
        says: 'An Aurora instance appears before its cluster: how it is stored and backed up cannot be known.',
        deliver: created(
          database('acme-clinic-1', home, {
            engine: 'aurora-postgresql',
            version: '16.6',
            public: false,
            // An instance says something of its own here that does not count.
            encrypted: true,
            backupDays: 1,
            deletionProtection: false,
            cluster: 'acme-clinic',
            parameterGroup: 'acme-aurora16',
            tags: { environment: 'production', owner: 'clinic' },
          }),
        ),
        becomes: {
          [clinicMember]: {
            'sql-database.encrypted-at-rest': 'unknown',
            'sql-database.backups-kept': 'unknown',
            'sql-database.deletion-protected': 'unknown',
            'sql-database.tls-required': 'unknown',
          },
        },
      },
      {
        says: 'The cluster appears: encrypted and backed up, and protected from deletion.',
        deliver: created(
          cluster('acme-clinic', home, {
            encrypted: true,
            backupDays: 14,
            deletionProtection: true,
            parameterGroup: 'acme-aurora16-tls',
            members: ['acme-clinic-1'],
            tags: { environment: 'production', owner: 'clinic' },
          }),
        ),
        becomes: {
          [clinicMember]: {
            'sql-database.encrypted-at-rest': 'compliant',
            'sql-database.backups-kept': 'compliant',
            'sql-database.deletion-protected': 'compliant',
            'sql-database.tls-required': 'compliant',
          },
        },
      },
    ],
  },
  {
    id: 'aws-reports',
    cloud: 'aws',
    about: 'acme-reports',
    steps: [
      {
        says: 'A bucket is created as it should be: nobody hears of it.',
        deliver: created(bucket('acme-reports', production, asItShouldBe('acme-reports'))),
        becomes: {},
      },
    ],
  },
  {
    id: 'aws-web',
    cloud: 'aws',
    about: 'acme-web',
    steps: [
      {
        says: 'A security group lets the internet in to HTTPS and nothing else.',
        deliver: created(securityGroup('sg-0f9e8d7c6b5a40312', 'acme-web', production, [web])),
        becomes: {},
      },
    ],
  },
];
