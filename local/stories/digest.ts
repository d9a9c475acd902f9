/**
 * What `npm start` tells of digests: news of low severity wakes nobody, and is gathered for an hour. Here nobody waits for
 * the hour: once everything else was told, the digest is asked for.
 */
import { ListQueuesCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { quiet } from '../../cli/stack/quiet.ts';
import { AppError } from '../../shared/model/errors.ts';
import { notifyConfigSchema } from '../../shared/model/notify.ts';
import type { SlackPost, SlackServer } from '../slack-server.ts';

export const digestChannel = '#cloud-digest';

/** Who hears of what on this machine. */
export const localNotify = notifyConfigSchema.parse({
  routes: [{ match: { severity: ['low'] }, digest: 'hourly', channel: digestChannel }],
});

/**
 * Has the digest told as far as it is, once Slack has heard what it hears at once. Returns what came of it: one message; none
 * where nothing of it came in time.
 */
export async function tellDigest(
  { sqs, slack }: { readonly sqs: SQSClient; readonly slack: Pick<SlackServer, 'messages'> },
  patienceMs: number,
): Promise<readonly SlackPost[]> {
  const queue = await slackQueue(sqs);
  await quiet(sqs, [queue], { patienceMs });
  const body = JSON.stringify({ job: 'tick', digests: 'now' });
  await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: body }));
  const digests = (): readonly SlackPost[] => slack.messages.filter(({ channel }) => channel === digestChannel);
  for (const until = Date.now() + patienceMs; digests().length === 0 && Date.now() < until; )
    await new Promise((resolve) => setTimeout(resolve, 100));
  await quiet(sqs, [queue], { patienceMs });
  return digests();
}

/** The queue of whoever tells Slack. Nobody outside the stack needs it elsewhere, so no output names it. */
async function slackQueue(sqs: SQSClient): Promise<string> {
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ MaxResults: 1000 }));
  const url = QueueUrls.find((one) => one.includes('SlackQueue') && !one.includes('DeadLetters'));
  if (url === undefined) throw new AppError('INVARIANT_BROKEN', 'the stack has no queue for Slack');
  return url;
}
