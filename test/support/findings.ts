import type { Finding } from '../../shared/model/finding.ts';
import type { Transition } from '../../shared/model/resource.ts';

/** A transition to a violation of a bucket's policy, with whatever else. */
export const transition = (more: Partial<Transition> = {}): Transition => ({
  is: 'transition',
  revision: 1,
  n: 0,
  policy: 'object-store.no-public-access',
  title: 'Object stores cannot be read or written by the public',
  severity: 'critical',
  from: null,
  to: 'violation',
  cause: { is: 'change', changeId: '0'.repeat(32), source: 'aws.config', actor: 'dana@acme.example' },
  trueAt: '2026-11-25T09:00:00.000Z',
  knownAt: '2026-11-25T09:00:00.420Z',
  clauses: [{ id: 'no-public-read', says: 'nobody can read objects', verdict: 'fails' }],
  facts: [
    {
      fact: 'public_read',
      before: false,
      after: {
        state: 'known',
        value: true,
        at: '/detail/configurationItem/supplementaryConfiguration/BucketPolicy/policyText',
      },
    },
  ],
  ...more,
});

/** An open finding about a bucket, with whatever else. */
export const finding = (more: Partial<Finding> = {}): Finding => ({
  id: '5tq8x2m9k4r7w1c6e3y0abcdefghjkmn',
  policy: 'object-store.no-public-access',
  title: 'Object stores cannot be read or written by the public',
  severity: 'critical',
  status: 'open',
  verdict: 'violation',
  resource: {
    id: 'arn:aws:s3:::acme-invoices',
    mapping: 'aws/s3-bucket',
    cloud: 'aws',
    kind: 'object_store',
    nativeType: 'AWS::S3::Bucket',
    account: '111122223333',
    region: 'eu-central-1',
    name: 'acme-invoices',
    environment: 'production',
    owner: 'payments',
  },
  since: { trueAt: '2026-11-25T09:00:00.000Z', knownAt: '2026-11-25T09:00:00.420Z' },
  firstSeenAt: '2026-11-25T09:00:00.420Z',
  lastChangedAt: '2026-11-25T09:00:00.420Z',
  openings: 1,
  last: transition(),
  ...more,
});
