/**
 * `npm start`: the whole service on this machine, deployed as into a real account, judging changes of three clouds as
 * they come.
 *
 *     npm start                  stays until Ctrl-C; the other commands find the stack meanwhile
 *     npm start -- --exit        ends by itself: 0 if every expected transition was seen and no other, else 1
 *     npm start -- --port 0      another port for the local AWS; 0 picks a free one
 *     npm start -- --keep-log    keeps the log of the local AWS: .edict/local-aws.log
 *     npm start -- --subscription <id>   takes documents of this Azure subscription too (`edict observe`)
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Listr, type ListrTask } from 'listr2';
import { plain, style } from '../cli/terminal.ts';
import { isTransition } from '../cli/stack/bus-watch.ts';
import { defaultPort, LocalAwsError } from './ministack.ts';
import { type Service, startService } from './service.ts';
import { tellDigest } from './stories/digest.ts';
import { exceptionStories, tellExceptions } from './stories/exceptions.ts';
import { stories } from './stories/index.ts';
import { summary } from './summary.ts';
import { documentsOf, Ledger, type Told, tell } from './telling.ts';
import { transitionHeader, transitionLine } from '../cli/findings/transition-line.ts';

/** How long a change may take until what it must lead to has come; and how long to listen for what nobody expects. */
const PATIENCE_MS = 20_000;
const AFTERMATH_MS = 1500;

const USAGE = 'npm start -- [--exit] [--port <n>] [--keep-log] [--subscription <id>…]';
const paint = style(process.stdout);
/** The width of the terminal; undefined where lines are not cut. */
const columns = (): number | undefined => (process.stdout.isTTY ? process.stdout.columns : undefined);
const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

interface Arguments {
  readonly exit: boolean;
  readonly port: number;
  readonly keepLog: boolean;
  readonly subscriptions: readonly string[];
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        exit: { type: 'boolean' },
        port: { type: 'string' },
        'keep-log': { type: 'boolean' },
        subscription: { type: 'string', multiple: true },
      },
    });
    return {
      exit: values.exit === true,
      port: readPort(values.port),
      keepLog: values['keep-log'] === true,
      subscriptions: values.subscription ?? [],
    };
  } catch (error) {
    throw new LocalAwsError(`${(error as Error).message.split('. ')[0] ?? ''}. Use: ${USAGE}`);
  }
}

function readPort(text: string | undefined): number {
  const port = text === undefined ? defaultPort : Number(text);
  if (text?.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port cannot be '${text}': it is a number from 1 to 65535, or 0 for any free one`);
  return port;
}

/** Shows one step of the preparation: a spinner on a terminal, lines elsewhere. */
async function step<T>(title: string, run: (log: (line: string) => void) => Promise<T>): Promise<T> {
  if (!process.stdout.isTTY) {
    say(`… ${title}`);
    const value = await run((line) => say(`  ${line}`));
    say(`${paint('green', '✔')} ${title}`);
    return value;
  }
  let result: { readonly value: T } | undefined;
  const task: ListrTask = {
    title,
    task: async (_, shown) => {
      result = {
        value: await run((line) => {
          shown.output = line;
        }),
      };
    },
  };
  // What went wrong is said once, at the end.
  await new Listr([task], { registerSignalListeners: false, rendererOptions: { showErrorMessage: false } }).run();
  if (result === undefined) throw new Error(`${title} ended without a result`);
  return result.value;
}

/** Aborts at the first interrupt. */
const interrupt = new AbortController();

async function main(): Promise<number> {
  const { exit, port, keepLog, subscriptions } = readArguments();
  const interrupted = new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve()));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupt.abort(new LocalAwsError('Stopped.')));

  const ledger = new Ledger();
  const told: Told[] = [];
  const latenciesMs: number[] = [];
  const logFolder = join(import.meta.dirname, '..', '.edict');
  if (keepLog) mkdirSync(logFolder, { recursive: true });

  const service = await startService({
    port,
    subscriptions,
    step,
    announce: true,
    signal: interrupt.signal,
    ...(keepLog ? { logFile: join(logFolder, 'local-aws.log') } : {}),
    onEvent: ({ event, atMs }) => {
      if (!isTransition(event)) return;
      ledger.note(event);
      latenciesMs.push(atMs - Date.parse(event.detail.edict.trueAt));
      const documents = told.flatMap((t) => (t.story.about === aboutOf(event.resource, told) ? documentsOf(t) : []));
      say(transitionLine(event, atMs, { paint, width: columns(), documents }));
    },
  });
  let code = 0;
  try {
    say();
    say(
      `${service.released.policies} policies are in force. ${stories.length + exceptionStories.length} stories of three clouds begin; each line is a transition that was published.`,
    );
    say();
    say(transitionHeader(paint, columns()));
    code = await watchStories(service, ledger, told, latenciesMs, !exit, interrupt.signal);
    if (!exit && !interrupt.signal.aborted) {
      say(paint('dim', `The stack stays until Ctrl-C (${service.aws.endpoint}).`));
      await Promise.race([interrupted, service.aws.ended]);
      if (!interrupt.signal.aborted) throw new LocalAwsError('The local AWS ended by itself: start again');
      say();
    }
  } finally {
    await service.stop();
  }
  if (!exit) say('Everything is stopped; nothing is left running.');
  // Whoever stops it after the stories has seen them; whoever stops it before has not.
  return code;
}

async function watchStories(
  service: Service,
  ledger: Ledger,
  told: Told[],
  latenciesMs: readonly number[],
  stays: boolean,
  signal: AbortSignal,
): Promise<number> {
  const [, more] = await Promise.all([
    tell(stories, {
      doors: service.doors,
      setArm: (answers) => service.arm.set(answers),
      ledger,
      quiet: () => service.quiet(),
      onChange: (change) => void told.push(change),
      patienceMs: PATIENCE_MS,
      signal,
    }),
    tellExceptions({ service, ledger, patienceMs: PATIENCE_MS, signal }),
  ]);
  if (signal.aborted) return 130;
  await service.quiet();
  await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
  const digests = await tellDigest({ sqs: new SQSClient(service.target), slack: service.slack }, PATIENCE_MS);
  const { text, ok } = summary({
    changes: told.length + more,
    ledger,
    latenciesMs,
    slack: service.slack.messages.filter((message) => !digests.includes(message)),
    digests,
    stays,
    paint,
  });
  say(text);
  return ok ? 0 : 1;
}

/** The story that a resource is in: of its own change, or of one of a resource that it depends on. */
function aboutOf(resource: string, told: readonly Told[]): string | undefined {
  return told.find((t) => t.story.steps.some((s) => Object.hasOwn(s.becomes, resource)))?.story.about;
}

try {
  process.exitCode = await main();
} catch (error) {
  const known = error instanceof LocalAwsError;
  if (interrupt.signal.aborted) {
    say('Stopped; nothing is left running.');
    process.exitCode = 130;
  } else {
    const text = known ? error.message : `a defect of edict: ${error instanceof Error ? error.stack : String(error)}`;
    const lines = text.split('\n').map((line) => plain(line, 2000));
    process.stderr.write(`${style(process.stderr)('red', '✗')} ${lines.join('\n')}\n`);
    process.exitCode = known ? 1 : 2;
  }
}
