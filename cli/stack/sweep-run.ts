/** A run of the sweep, from outside: it is started, and waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  ListMapRunsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { AppError } from '../../shared/model/errors.ts';
import type { Stack } from './stack.ts';

/** What the machine of a sweep gives in the end: `SweepNext`, of shared/adapters/service/sweep.ts. */
const outputSchema = z.object({
  told: z
    .array(
      z.object({
        source: z.string(),
        scopes: z.object({ swept: z.int(), partial: z.int(), notSeen: z.int() }),
        listed: z.int(),
        missedEvents: z.object({ unknown: z.int(), changed: z.int(), deleted: z.int() }),
      }),
    )
    .default([]),
});
export type SweepTold = z.infer<typeof outputSchema>['told'];

export interface SweepRun {
  readonly executionArn: string;
  /** What was told in the end, of each source; undefined: it goes on after `until` (ms). Throws `UPSTREAM_UNAVAILABLE`: it failed. */
  readonly ended: (until: number, lookMs: number, say?: (text: string) => void) => Promise<SweepTold | undefined>;
}

/** Starts the machine. `sources`: only these. */
export async function startSweep(
  stack: Pick<Stack, 'aws' | 'output'>,
  asked: { readonly sources?: readonly string[] },
): Promise<SweepRun> {
  const sfn = new SFNClient(stack.aws);
  const { executionArn = '' } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: stack.output('SweepMachineArn'), input: JSON.stringify(asked) }),
  );
  const ended: SweepRun['ended'] = async (until, lookMs, say = () => undefined) => {
    for (;;) {
      const { status = 'unknown', output } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      if (status === 'SUCCEEDED') return outputSchema.parse(JSON.parse(output ?? '{}')).told;
      if (status !== 'RUNNING' && status !== 'PENDING_REDRIVE')
        throw new AppError(
          'UPSTREAM_UNAVAILABLE',
          `the sweep ended as ${status}: its history says where (aws stepfunctions get-execution-history --reverse-order --execution-arn ${executionArn})`,
        );
      if (Date.now() > until) return undefined;
      say(await standing(sfn, executionArn));
      await sleep(lookMs);
    }
  };
  return { executionArn, ended };
}

/** How far it is: the last map that was begun. */
async function standing(sfn: SFNClient, executionArn: string): Promise<string> {
  const { mapRuns = [] } = await sfn.send(new ListMapRunsCommand({ executionArn }));
  const counts = await Promise.all(
    mapRuns.map(async ({ mapRunArn }) => (await sfn.send(new DescribeMapRunCommand({ mapRunArn }))).itemCounts),
  );
  /** By the label of its map: `…:mapRun:<machine>/<label>:<id>`. */
  const labelled = (label: string) => counts[mapRuns.findIndex(({ mapRunArn }) => mapRunArn?.includes(`/${label}:`))];
  const [lists, walks] = [labelled('List'), labelled('Walk')];
  const of = (done: typeof lists): string => `${done?.succeeded ?? 0} of ${done?.total ?? 0}`;
  if (lists === undefined) return 'beginning';
  if (walks === undefined) return `scopes listed: ${of(lists)}`;
  return walks.succeeded === walks.total
    ? 'waiting until what was found is judged'
    : `looking for what is gone: ${of(walks)}`;
}
