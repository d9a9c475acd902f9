/**
 * The local AWS: MiniStack, a Python program that speaks AWS's protocols on loopback.
 *
 * It lives in `.venv/` (made here, from `local/requirements.txt`, every file checked against its hash), runs with a
 * clean environment (it hands its own to the functions), and keeps its state in a folder that goes with it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isAlive } from '../shared/runtime/is-alive.ts';

const projectRoot = join(import.meta.dirname, '..');
const venvFolder = join(projectRoot, '.venv');
const requirementsFile = join(import.meta.dirname, 'requirements.txt');
const host = '127.0.0.1';

/** The port the local AWS listens on unless another is asked for. */
export const defaultPort = 4566;
/** The account and region in which everything local lives. */
export const localAccount = '000000000000';
export const localRegion = 'us-east-1';

/** Why the local AWS cannot run here: one line that says what to do. */
export class LocalAwsError extends Error {
  override readonly name = 'LocalAwsError';
}

export interface LocalAwsOptions {
  /** The port on 127.0.0.1; 0 picks a free one. @default 4566 */
  readonly port?: number;
  /** Whether IAM is enforced, over HTTPS: what a role was not granted is refused. @default false */
  readonly enforceIam?: boolean;
  /** Hears what is being done, one line at a time. @default silence */
  readonly log?: (line: string) => void;
  /** A file that gets the server's own log, kept after the stop. @default one in the state folder, gone with it */
  readonly logFile?: string;
}

export interface LocalAws {
  /** The one endpoint of every service, e.g. `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly port: number;
  /**
   * What a process needs in its environment so that its AWS SDK (or the CDK) talks to this local AWS: endpoint, region,
   * dummy credentials, and the certificate when it speaks HTTPS.
   */
  readonly env: Readonly<Record<string, string>>;
  /**
   * The certificate (PEM) that an SDK in this very process must be told to trust, when the endpoint speaks HTTPS:
   * `NODE_EXTRA_CA_CERTS` counts only for processes started with it.
   */
  readonly certificate: string | undefined;
  /** The server's own log. */
  readonly logFile: string;
  /** Ends the server and every function it runs, and removes its state. Idempotent; resolves when all are gone. */
  stop(): Promise<void>;
  /** Resolves when the server has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
}

/**
 * Starts the local AWS and resolves when it answers. The first time it makes `.venv/`, which takes about ten seconds.
 *
 * It ends with `stop()`, and when this process ends, however that happens: nothing is left running.
 *
 * @throws {LocalAwsError} a missing Python, a port in use, a server that does not come up: one line saying what to do
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const log = options.log ?? (() => undefined);
  const port = await claimPort(options.port ?? defaultPort);
  const python = await ensureVenv(log);
  const node = findNode24();

  const state = mkdtempSync(join(tmpdir(), 'edict-local-aws-'));
  const logFile = options.logFile ?? join(state, 'server.log');
  const secure = options.enforceIam === true;
  const endpoint = `${secure ? 'https' : 'http'}://${host}:${port}`;
  const certificate = join(state, 'ministack-tls', 'server.crt');
  const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

  const output = openSync(logFile, 'w');
  let supervisor: ChildProcess;
  try {
    supervisor = spawn(python, [join(import.meta.dirname, 'supervise.py'), state], {
      // A group of its own: Ctrl-C reaches us alone, and the supervisor ends the server when our end of its stdin closes.
      detached: true,
      stdio: ['pipe', output, output],
      env: {
        PATH: [dirname(node), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
        HOME: state,
        TMPDIR: state,
        LANG: 'C.UTF-8',
        PYTHONDONTWRITEBYTECODE: '1',
        // CommonJS functions that bring no node_modules of their own (the CDK's custom resources) need the AWS SDK.
        NODE_PATH: join(projectRoot, 'node_modules'),
        BIND_HOST: host,
        GATEWAY_PORT: String(port),
        MINISTACK_ACCOUNT_ID: localAccount,
        MINISTACK_REGION: localRegion,
        LAMBDA_EXECUTOR: 'local',
        LOG_LEVEL: 'WARNING',
        STATE_DIR: join(state, 'state'),
        S3_DATA_DIR: join(state, 's3'),
        PERSIST_STATE: '0',
        // A minute that a state machine waits is a second here: nobody on this machine asks it to wait.
        SFN_WAIT_SCALE: '0.02',
        // Listeners on ports of their own that nobody here wants.
        SFTP_ENABLED: '0',
        IOT_MTLS_ENABLED: '0',
        // No container of the user's is any business of ours.
        DOCKER_HOST: 'unix:///nonexistent',
        ...credentials,
        ...(secure ? { AUTH: 'true', USE_SSL: '1' } : {}),
      },
    });
  } finally {
    closeSync(output);
  }

  const ended = new Promise<void>((resolve) => {
    supervisor.once('exit', () => resolve());
    supervisor.once('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    supervisor.ref();
    supervisor.stdin?.destroy();
    await ended;
    // The supervisor does this too; it may never have started.
    rmSync(state, { recursive: true, force: true });
  };
  supervisor.stdin?.on('error', () => undefined);
  // Neither keeps this process alive: when it has nothing left to do, it ends, and the server with it.
  supervisor.unref();

  try {
    await untilReady(endpoint, certificate, () => supervisor.exitCode !== null);
  } catch (cause) {
    const tail = existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join(' | ') : '';
    await stop();
    throw new LocalAwsError(`The local AWS did not come up on port ${port}: ${tail || (cause as Error).message}`, {
      cause,
    });
  }
  log(`The local AWS answers at ${endpoint}`);

  return {
    endpoint,
    port,
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: localRegion,
      AWS_DEFAULT_REGION: localRegion,
      ...credentials,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(secure ? { NODE_EXTRA_CA_CERTS: certificate, AWS_CA_BUNDLE: certificate } : {}),
    },
    certificate: secure ? readFileSync(certificate, 'utf8') : undefined,
    logFile,
    stop,
    ended,
  };
}

/** A port that is free now: the one asked for, or any when that is 0. */
async function claimPort(port: number): Promise<number> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new LocalAwsError(`${port} is no port: choose one from 1 to 65535, or 0 for any free one`);
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new LocalAwsError(
          cause.code === 'EADDRINUSE'
            ? `Port ${port} on ${host} is in use: stop what uses it, or choose another with --port (0 picks a free one)`
            : `Port ${port} on ${host} cannot be opened (${cause.code}): choose another with --port (0 picks a free one)`,
          { cause },
        ),
      );
    });
    probe.listen({ port, host, exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}

const pythonCheck = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 3)';

/** A Python that can make our environment. `EDICT_PYTHON` names one that is not on the PATH. */
function findPython(): string {
  const chosen = process.env['EDICT_PYTHON'];
  const names =
    chosen === undefined
      ? ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']
      : [chosen];
  let withoutVenv: string | undefined;
  for (const name of names) {
    const { status } = spawnSync(name, ['-c', pythonCheck], { stdio: 'ignore' });
    if (status === 0) return name;
    if (status === 1) withoutVenv ??= name;
  }
  throw new LocalAwsError(
    withoutVenv === undefined
      ? 'Python 3.10 or newer is needed for the local AWS and was not found: install it (https://www.python.org/downloads), or name it with EDICT_PYTHON'
      : `${withoutVenv} lacks the modules venv and ensurepip: install them (Debian, Ubuntu: apt install python3-venv), or name another Python with EDICT_PYTHON`,
  );
}

/** Makes `.venv/` if it is not as `requirements.txt` says. Returns its Python. Idempotent, also from two processes. */
async function ensureVenv(log: (line: string) => void): Promise<string> {
  const python = join(venvFolder, 'bin', 'python');
  const stampFile = join(venvFolder, 'edict-stamp');
  const wanted = createHash('sha256').update(readFileSync(requirementsFile)).digest('hex');
  const isReady = (): boolean =>
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === wanted &&
    spawnSync(python, ['-c', ''], { stdio: 'ignore' }).status === 0;
  if (isReady()) return python;

  const base = findPython();
  const release = await lock(`${venvFolder}.lock`);
  try {
    if (isReady()) return python;
    log('Installing the local AWS into .venv (once) …');
    rmSync(venvFolder, { recursive: true, force: true });
    await must('make .venv', base, ['-m', 'venv', venvFolder]);
    await must('install the local AWS (is the Python package index reachable?)', python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-input',
      '--require-hashes',
      '--only-binary',
      ':all:',
      '-r',
      requirementsFile,
    ]);
    writeFileSync(stampFile, wanted);
    return python;
  } finally {
    release();
  }
}

/** Waits for and takes a lock that is a folder; one whose owner is gone is taken over. */
async function lock(folder: string): Promise<() => void> {
  const ownerFile = join(folder, 'pid');
  const until = Date.now() + 180_000;
  for (;;) {
    try {
      mkdirSync(folder);
      writeFileSync(ownerFile, String(process.pid));
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      const owner = existsSync(ownerFile) ? Number(readFileSync(ownerFile, 'utf8')) : undefined;
      if (owner !== undefined && !isAlive(owner)) rmSync(folder, { recursive: true, force: true });
      else if (Date.now() > until)
        throw new LocalAwsError(`Another process is making .venv and does not finish: remove ${folder} and try again`);
      else await sleep(200);
    }
  }
}

async function must(what: string, command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  if (code !== 0) throw new LocalAwsError(`Could not ${what}: ${output.trim().split('\n').slice(-3).join(' | ')}`);
}

/** The Node 24 that the functions run on: this very one, or the one that npm installed. */
function findNode24(): string {
  const isNode24 = (command: string): boolean =>
    (spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('v24.');
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const installed = join(projectRoot, 'node_modules', '.bin', 'node');
  if (existsSync(installed) && isNode24(installed)) return installed;
  throw new LocalAwsError(
    `The functions run on Node 24 and this is ${process.version}: start through npm ('npm start'), which brings its own, or install Node 24`,
  );
}

/** Asks until the server says that it is ready. Rejects when it has ended or after half a minute. */
async function untilReady(endpoint: string, certificate: string, hasEnded: () => boolean): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    if (hasEnded()) throw new Error('it ended at once');
    if (await answers(endpoint, certificate)) return;
    if (Date.now() > until) throw new Error('it did not answer within 30 seconds');
    await sleep(50);
  }
}

function answers(endpoint: string, certificate: string): Promise<boolean> {
  return new Promise((resolve) => {
    const secure = endpoint.startsWith('https:');
    if (secure && !existsSync(certificate)) {
      resolve(false);
      return;
    }
    const url = `${endpoint}/_ministack/ready`;
    const heard = (response: IncomingMessage): void => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
    };
    const call = secure
      ? httpsRequest(url, { ca: readFileSync(certificate), agent: false, timeout: 2_000 }, heard)
      : httpRequest(url, { agent: false, timeout: 2_000 }, heard);
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
    call.end();
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
