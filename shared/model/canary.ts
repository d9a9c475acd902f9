/**
 * The canary: a firewall that is nowhere, which opens and closes by the clock through every front door, to prove that a
 * change is noticed. It lives in accounts that nobody can have, and by that alone people are not bothered with it.
 */

/** An account of each cloud that no provider gives to anyone (twelve zeros are what a local AWS calls itself), and the one resource in it. */
export const CANARY = {
  aws: {
    source: 'aws.config',
    account: 'edict-canary',
    id: 'arn:aws:ec2:us-east-1:edict-canary:security-group/sg-00000000000000000',
  },
  azure: {
    source: 'azure.event-grid',
    account: '00000000-0000-0000-0000-000000000000',
    id: '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/edict-canary/providers/microsoft.network/networksecuritygroups/edict-canary',
  },
  google: {
    source: 'gcp.asset-feed',
    account: 'edict-canary',
    id: '//compute.googleapis.com/projects/edict-canary/global/firewalls/edict-canary',
  },
} as const;
export type CanaryPath = keyof typeof CANARY;
export const CANARY_PATHS = Object.keys(CANARY) as readonly CanaryPath[];

/** The one rule by which the canary is in no list of findings, no digest and no message. */
export const isCanaryAccount = (account: string | undefined): boolean =>
  account !== undefined && CANARY_PATHS.some((path) => CANARY[path].account === account);

/** Nobody may put an event of a source `aws.…` on a bus: the canary speaks under a source of its own, of its one resource. */
export const CANARY_SOURCE = 'edict.canary.config';

/** A change is noticed within this; after twice as long it is missed. */
export const NOTICE_PROMISE_MS = 60_000;
/** How often the canary moves. */
export const CANARY_MINUTES = 5;
/** How often somebody looks whether its last move was noticed. */
export const CANARY_LOOK_MINUTES = 1;
