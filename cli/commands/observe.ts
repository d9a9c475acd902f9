/** `edict observe <file>…`: documents of one's own, through the front doors of the stack on this machine. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import { detectForm } from '../../shared/mappings/dialects/index.ts';
import type { DocumentForm } from '../../shared/mappings/form.ts';
import { registry } from '../../shared/mappings/registry.ts';
import { instant } from '../../shared/model/change.ts';
import { AppError, isAppError } from '../../shared/model/errors.ts';
import type { FindingTransitionEvent } from '../../shared/model/finding-event.ts';
import type { Json } from '../../shared/model/json.ts';
import type { NativeResource } from '../../shared/model/native.ts';
import type { ResourceState } from '../../shared/model/resource.ts';
import type { ResourceStore } from '../../shared/ports/resource-store.ts';
import type { Verdict } from '../../shared/model/verdict.ts';
import { transitionLine } from '../findings/transition-line.ts';
import { LONGEST_FILE_BYTES, openFile, type SourceDocument } from '../input/documents.ts';
import { findFiles } from '../input/files.ts';
import { isTransition, watchBus } from '../stack/bus-watch.ts';
import { asOf, type Sending, sendingOf, subscriptionsOf } from '../stack/deliveries.ts';
import { type FrontDoors, makeFrontDoors } from '../stack/front-doors.ts';
import type { LocalStack } from '../stack/local-stack.ts';
import { quiet } from '../stack/quiet.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { count, plain, style, terminalWidth } from '../terminal.ts';

/** As commander gives them. */
export interface ObserveOptions extends StackOptions {
  /** As if everything happened when it is sent, whatever the documents say. */
  readonly now?: boolean;
}

/** After the queues are empty a stream may still hold what was committed last. */
const STREAM_MS = 1200;

export async function observe(inputs: readonly string[], options: ObserveOptions): Promise<number> {
  const stack = await findStack(options);
  const { local } = stack;
  if (local === undefined)
    throw new AppError(
      'INPUT_INVALID',
      `observe sends to the stack on this machine alone: what ${stack.title} judges comes from its providers. Without --stage and --region it finds the local one`,
    );
  const documents = await readAll(inputs);
  const paint = style(process.stdout);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);

  const resources = makeDynamoResourceStore({ client: stack.documents(), name: stack.output('ResourcesTable') });
  const doors = doorsOf(stack, local);
  const sqs = new SQSClient(stack.aws);
  const queues = [stack.output('ChangesQueueUrl'), stack.output('ReJudgeQueueUrl')];
  let heard: { readonly event: FindingTransitionEvent; readonly atMs: number }[] = [];
  const watch = await watchBus(stack.aws, stack.output('BusName'), `edict-observe-${process.pid}`, (h) => {
    if (isTransition(h.event)) heard.push({ event: h.event, atMs: h.atMs });
  });
  let code = 0;
  try {
    for (const { document, form, sending } of documents) {
      heard = [];
      const at = instant(Date.now());
      const refused = await send(options.now === true ? asOf(sending, at) : sending, doors, local);
      if (refused === undefined) {
        await quiet(sqs, queues);
        await new Promise((resolve) => setTimeout(resolve, STREAM_MS));
      }
      say(`${paint('bold', plain(document.source.label))}  ${paint('dim', form.title)}`);
      for (const { event, atMs } of heard) {
        const width = terminalWidth();
        say(transitionLine(event, atMs, { paint, width, documents: [document.value, ...Object.values(sending.arm)] }));
      }
      if (refused !== undefined) {
        code = 1;
        say(`  ${paint('red', 'not taken')}  ${plain(refused)}`);
      } else if (heard.length === 0)
        for (const line of await standing(form, document.value, resources, options.now === true)) say(`  ${line}`);
    }
  } finally {
    await watch.stop();
  }
  return code;
}

interface Observed {
  readonly document: SourceDocument;
  readonly form: DocumentForm;
  readonly sending: Sending;
}

/** Every document, with how it is sent. Throws `INPUT_INVALID` before anything is sent if one cannot be. */
async function readAll(inputs: readonly string[]): Promise<readonly Observed[]> {
  const { files, problems } = findFiles(inputs);
  const [problem] = problems;
  if (problem !== undefined) throw refuse(problem.document, `${problem.reason}; ${problem.action}`);
  const all: Observed[] = [];
  const now = instant(Date.now());
  for (const file of files) {
    const opened = await openFile(file, LONGEST_FILE_BYTES);
    if (opened.is === 'broken')
      throw refuse(opened.problem.document, `${opened.problem.reason}; ${opened.problem.action}`);
    if (opened.is === 'other') continue;
    for (const document of opened.documents) {
      const form = detectForm(document.value);
      if (form === undefined)
        throw refuse(
          document.source.label,
          'it is of no form that a provider announces changes in: see docs/catalogue for the forms',
        );
      try {
        all.push({ document, form, sending: sendingOf(form, document.value, now) });
      } catch (error) {
        throw isAppError(error) ? refuse(document.source.label, error.message) : error;
      }
    }
  }
  if (all.length === 0) throw refuse(inputs.join(', '), 'there is no document in it');
  return all;
}

const refuse = (document: string, why: string): AppError => new AppError('INPUT_INVALID', `${document}: ${why}`);

function doorsOf(stack: Stack, local: LocalStack): FrontDoors {
  return makeFrontDoors({
    events: new EventBridgeClient(stack.aws),
    endpoint: local.endpoint,
    ingestUrl: stack.output('IngestUrl'),
    pushSubscription: local.pushSubscription,
    token: async (caller) => {
      const response = await fetch(`${local.tokenIssuer}/token/${caller}`, { method: 'POST' });
      return ((await response.json()) as { readonly token: string }).token;
    },
  });
}

/** Sends, or says why not. */
async function send(sending: Sending, doors: FrontDoors, local: LocalStack): Promise<string | undefined> {
  const strange = subscriptionsOf(sending).find((id) => !local.azureSubscriptions.includes(id));
  if (strange !== undefined)
    return `it is of the subscription ${strange}, whose events the stack does not take: start it with "npm start -- --subscription ${strange}"`;
  for (const [id, answer] of Object.entries(sending.arm)) {
    const put = await fetch(`${local.arm}${encodeURI(id)}?api-version=2025-01-01`, {
      method: 'PUT',
      body: JSON.stringify(answer),
    });
    if (!put.ok) return `the stand-in for Azure Resource Manager answered ${put.status}`;
  }
  try {
    for (const delivery of sending.deliveries) await doors.deliver(delivery);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

/** What stands where nothing changed: the verdicts of each resource, or why it is not judged. */
async function standing(
  form: DocumentForm,
  document: Json,
  resources: ResourceStore,
  isSentAsNew: boolean,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const native of form.read(document, { orderKey: instant(Date.now()) })) {
    const ids = registry.candidates(native.dialect, native.type).flatMap((c) => {
      if (c.main) return [native.id];
      const owner = c.mapping.parts[c.part]?.owner?.(native);
      return owner !== undefined && 'id' in owner ? [owner.id] : [];
    });
    if (ids.length === 0) lines.push(`not judged: no policy knows ${plain(native.type)} (counted as unsupported)`);
    for (const id of ids) {
      if (seen.has(id)) continue;
      seen.add(id);
      const state = await resources.read(id);
      const verdicts = Object.values(state?.verdicts ?? {}).map((v) => v.verdict);
      lines.push(
        state === undefined
          ? `not judged: ${plain(id)} (what cannot be used is kept in the quarantine)`
          : `no change: ${plain(state.name ?? id)} ${standingText(state.deleted, verdicts)}${!isSentAsNew && isOld(native, state) ? '; the document is older than what is known (--now sends it as new)' : ''}`,
      );
    }
  }
  return lines.length === 0 ? ['no change: it names no resource'] : lines;
}

/** Whether a newer document of the same part is known, or another one of the same instant. */
const isOld = (native: NativeResource, state: ResourceState): boolean =>
  Object.values(state.parts).some((part) => part.native === native.type && part.orderKey >= native.orderKey);

/** What a resource that did not change is. */
export function standingText(deleted: boolean, verdicts: readonly Verdict[]): string {
  if (deleted) return 'is deleted';
  if (verdicts.length === 0) return 'is known, and judged with what depends on it';
  const parts = [...Map.groupBy(verdicts, (v) => v)].map(([verdict, of]) =>
    verdict === 'violation' || verdict === 'error'
      ? count(of.length, verdict)
      : `${of.length} ${verdict.replace('_', ' ')}`,
  );
  return `stands as it was, under ${count(verdicts.length, 'policy', 'policies')}: ${parts.join(', ')}`;
}
