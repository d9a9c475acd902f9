/** `edict re-derive`: what is stored, read again by the mappings of this build. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeSqsQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import { makeFolderArchiveReader } from '../../shared/adapters/files/archive.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { registry } from '../../shared/mappings/registry.ts';
import { type Change, instant, MAX_CHANGE_BYTES, type QueueMessage } from '../../shared/model/change.ts';
import { findDiffering } from '../../shared/pipeline/re-derive.ts';
import { archiveOf } from '../replay/kept.ts';
import { findStack, type StackOptions } from '../stack/stack.ts';
import { count, Output } from '../terminal.ts';
import { readTime } from './findings.ts';

/** As commander gives them. */
export interface ReDeriveOptions extends StackOptions {
  readonly since: string;
  readonly from?: string;
  readonly dryRun?: boolean;
}

export async function reDerive(options: ReDeriveOptions): Promise<number> {
  const nowMs = Date.now();
  const range = { from: readTime('--since', options.since, nowMs), until: instant(nowMs) };
  const stack = await findStack(options);
  const archive = options.from === undefined ? archiveOf(stack) : makeFolderArchiveReader(options.from);
  let unreadable = 0;
  const read = (): AsyncIterable<Change> => archive.read(range, () => void (unreadable += 1));
  const resources = makeDynamoResourceStore({ client: stack.documents(), name: stack.output('ResourcesTable') });
  const found = await findDiffering({ forms, registry, resources, clock: { now: () => nowMs } }, read());
  const output = new Output();
  output.line(
    `${count(found.resources.size, 'resource')} of ${stack.title} read otherwise by the mappings of this build: ${count(found.changes.size, 'document')}.`,
  );
  if (found.elsewhere > 0)
    output.line(
      `${count(found.elsewhere, 'part')} stored in another version than the history has: the next sweep reads them.`,
    );
  if (unreadable > 0) output.line(`${count(unreadable, 'line')} of the history cannot be read.`);
  let left = 0;
  if (options.dryRun !== true && found.changes.size > 0) {
    const queue = makeSqsQueue<QueueMessage>(
      new SQSClient({ ...stack.aws, useQueueUrlAsEndpoint: false }),
      stack.output('ChangesQueueUrl'),
    );
    const sent = new Set<string>();
    for await (const change of read()) {
      if (!found.changes.has(change.changeId) || sent.has(change.changeId)) continue;
      sent.add(change.changeId);
      const again = await found.again(change, range.until);
      if (again === undefined || Buffer.byteLength(JSON.stringify(again)) > MAX_CHANGE_BYTES) left += 1;
      else await queue.send([again]);
    }
    output.line(`${count(sent.size - left, 'document')} told again; findings follow in a moment.`);
  }
  if (left > 0) output.line(`${count(left, 'document')} left as they are: too large, or another shows more of them.`);
  output.flush();
  return 0;
}
