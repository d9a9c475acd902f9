/**
 * What `npm start` tells of exceptions: one that a change voids, and one that expires. What happens to the resources comes
 * through the front doors; what is decided about the findings goes through the desk that `edict except` uses.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { exceptionDeps } from '../../cli/commands/exceptions.ts';
import { findingId } from '../../shared/model/finding.ts';
import { AppError } from '../../shared/model/errors.ts';
import { approveRequest, askForException } from '../../shared/pipeline/exception-requests.ts';
import type { Service } from '../service.ts';
import type { Expected, Ledger } from '../telling.ts';
import { created, securityGroup, updated } from './aws-documents.ts';
import type { Delivery } from './story.ts';

const place = { account: '111122223333', region: 'eu-central-1' } as const;
const arn = (id: string): string => `arn:aws:ec2:${place.region}:${place.account}:security-group/${id}`;
const kiosk = { id: 'sg-0c3d4e5f607182930', name: 'acme-kiosk' } as const;
const fair = { id: 'sg-0d4e5f60718293041', name: 'acme-fair' } as const;
const POLICY = 'firewall.no-admin-ports-from-internet';

const everyone = ['0.0.0.0/0'];
const ssh = { protocol: 'tcp', from: 22, to: 22, ipv4: everyone } as const;
const https = { protocol: 'tcp', from: 443, to: 443, ipv4: everyone } as const;
const rdp = { protocol: 'tcp', from: 3389, to: 3389, ipv4: everyone } as const;

/** Long enough for it to be asked for, approved and judged on a slow machine. */
const SHORT_MS = 12_000;

interface ExceptionStep {
  readonly says: string;
  /** What happens to the resource; `except`: it is permitted to stand for so long; `clock`: time passes. */
  readonly act:
    | { readonly is: 'change'; readonly deliver: (at: string) => Delivery }
    | { readonly is: 'except'; readonly ms: number }
    | { readonly is: 'clock' };
  /** The one transition of the policy that it must lead to (`toOf`). */
  readonly becomes: string;
}

interface ExceptionStory {
  readonly group: typeof kiosk | typeof fair;
  readonly steps: readonly ExceptionStep[];
}

export const exceptionStories: readonly ExceptionStory[] = [
  {
    group: fair,
    steps: [
      {
        says: 'A security group for a trade fair opens SSH to everyone.',
        act: { is: 'change', deliver: created(securityGroup(fair.id, fair.name, place, [ssh])) },
        becomes: 'violation',
      },
      {
        says: 'Ann asks that it may, until the fair is over, and Ben approves.',
        act: { is: 'except', ms: SHORT_MS },
        becomes: 'excepted',
      },
      {
        says: 'The fair is over, and SSH is still open: the exception expires.',
        act: { is: 'clock' },
        becomes: 'exception expired',
      },
    ],
  },
  {
    group: kiosk,
    steps: [
      {
        says: 'A security group of kiosks opens SSH to everyone.',
        act: { is: 'change', deliver: created(securityGroup(kiosk.id, kiosk.name, place, [ssh])) },
        becomes: 'violation',
      },
      {
        says: 'Ann asks that it may for a month, and Ben approves.',
        act: { is: 'except', ms: 30 * 86_400_000 },
        becomes: 'excepted',
      },
      {
        says: 'HTTPS is opened too: nothing that the exception is about.',
        act: { is: 'change', deliver: updated(securityGroup(kiosk.id, kiosk.name, place, [ssh, https])) },
        becomes: 'excepted',
      },
      {
        says: 'Somebody opens RDP as well: nobody accepted that, and the exception is void.',
        act: { is: 'change', deliver: updated(securityGroup(kiosk.id, kiosk.name, place, [ssh, https, rdp])) },
        becomes: 'exception voided',
      },
    ],
  },
];

/** How many transitions they must lead to. */
export const exceptionTransitions = exceptionStories.reduce((n, { steps }) => n + steps.length, 0);

export interface ExceptionTelling {
  readonly service: Pick<Service, 'stack' | 'doors' | 'target'>;
  readonly ledger: Ledger;
  /** How long to wait for what a step must lead to. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
}

/** Tells the stories of exceptions, one after the other. Returns how many changes were sent. */
export async function tellExceptions(telling: ExceptionTelling): Promise<number> {
  let changes = 0;
  for (const { group, steps } of exceptionStories) {
    /** When the exception of this story ends. */
    let ends = 0;
    for (const { says, act, becomes } of steps) {
      if (telling.signal?.aborted === true) return changes;
      const expected: Expected = {
        story: `exceptions-${group.name}`,
        says,
        resource: arn(group.id),
        policy: POLICY,
        to: becomes,
      };
      telling.ledger.expect([expected]);
      switch (act.is) {
        case 'change':
          changes += 1;
          await telling.service.doors.deliver(act.deliver(new Date().toISOString()));
          break;
        case 'except':
          ends = Date.now() + act.ms;
          await except(telling.service, group.id, ends);
          break;
        case 'clock':
          await sleep(Math.max(0, ends - Date.now()));
          await tick(telling.service);
          break;
      }
      await telling.ledger.came([expected], telling.patienceMs);
    }
  }
  return changes;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What two people do: `edict except … --as ann`, `edict exceptions approve … --as ben`. */
async function except({ stack }: ExceptionTelling['service'], group: string, endsMs: number): Promise<void> {
  const deps = exceptionDeps(stack);
  const id = findingId(POLICY, arn(group));
  const [finding] = (await deps.findings.list({ resource: arn(group), policy: POLICY })).items;
  if (finding?.id !== id) throw new AppError('INVARIANT_BROKEN', `there is no finding ${id} to except`);
  const asked = await askForException(
    deps,
    { is: 'resource', finding },
    {
      reason: 'Behind a bastion of the organiser',
      ticket: 'SEC-42',
      owner: 'events',
      expiresAt: new Date(endsMs).toISOString(),
      by: { who: 'ann', established: 'declared' },
    },
  );
  await approveRequest(deps, asked.id, { who: 'ben', established: 'declared' });
}

/** What the clock's rule says each minute: said now, so that nobody waits for the minute. */
async function tick({ stack, target }: ExceptionTelling['service']): Promise<void> {
  await new SQSClient(target).send(
    new SendMessageCommand({
      QueueUrl: stack.output('ReJudgeQueueUrl'),
      MessageBody: JSON.stringify({ job: 'flips' }),
    }),
  );
}
