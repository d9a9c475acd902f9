/**
 * Deploys the stacks of `infra/app.ts` into the local AWS, with the same CLI and by the same steps as into a real
 * account: bootstrap, synth, deploy.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type LocalAws, LocalAwsError, localAccount, localRegion } from './ministack.ts';

const projectRoot = join(import.meta.dirname, '..');

/** The outputs of the deployed stacks: `outputs['EdictPipeline']['IngestUrl']`. */
export type StackOutputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface DeployOptions {
  /** Where to: a started local AWS. */
  readonly aws: Pick<LocalAws, 'env'>;
  /** CDK context, as `-c name=value`. @default none */
  readonly context?: Readonly<Record<string, string>>;
  /** The folder with the `cdk.json`. @default this project */
  readonly appFolder?: string;
  /** Hears what is being done, one line at a time. @default silence */
  readonly log?: (line: string) => void;
  /** Ends what is running when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * Bootstraps, synthesises and deploys all stacks, and returns their outputs. Idempotent.
 *
 * @throws {LocalAwsError} when a step fails, with the last lines that the CDK wrote
 */
export async function deployLocal(options: DeployOptions): Promise<StackOutputs> {
  const log = options.log ?? (() => undefined);
  const appFolder = options.appFolder ?? projectRoot;
  const work = mkdtempSync(join(tmpdir(), 'edict-deploy-'));
  const assembly = join(work, 'assembly');
  const outputsFile = join(work, 'outputs.json');
  // Bootstrap and deploy run in a folder without a cdk.json: inside the app's they synthesise again, and rewrite the
  // assets unbundled.
  const elsewhere = join(work, 'elsewhere');
  mkdirSync(elsewhere);
  const cdk = (what: string, args: readonly string[], cwd = elsewhere): Promise<void> =>
    runCdk(what, args, cwd, options.aws.env, options.signal);
  const context = Object.entries(options.context ?? {}).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  try {
    log('Synthesising the stacks …');
    const preparing = [
      cdk('bootstrap the local AWS', ['bootstrap', `aws://${localAccount}/${localRegion}`]),
      cdk('synthesise the stacks', ['synth', '--quiet', '-o', assembly, ...context], appFolder),
    ];
    const failed = (await Promise.allSettled(preparing)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    log('Deploying the stacks …');
    await cdk('deploy the stacks', [
      'deploy',
      '-a',
      assembly,
      '--all',
      '--require-approval',
      'never',
      '--outputs-file',
      outputsFile,
      '--concurrency',
      '4',
      '--asset-parallelism',
      'true',
    ]);
    return existsSync(outputsFile) ? (JSON.parse(readFileSync(outputsFile, 'utf8')) as StackOutputs) : {};
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The names of this process's variables that would lead the CDK to a real account. */
const leadsElsewhere = /^(?:AWS_|CDK_|NODE_OPTIONS$)/;

async function runCdk(
  what: string,
  args: readonly string[],
  cwd: string,
  awsEnv: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const inherited = Object.entries(process.env).filter(([name]) => !leadsElsewhere.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    // The app of cdk.json is started as `node …`: on the Node that runs this.
    PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    CDK_DISABLE_VERSION_CHECK: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    ...awsEnv,
  };
  const cli = join(projectRoot, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  // CI mode writes to the standard output, and colours nothing.
  const flags = ['--ci', '--no-color', '--no-notices', '--no-version-reporting'];
  const child = spawn(process.execPath, [cli, ...args, ...flags], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  const lines: string[] = [];
  const keep = (chunk: string): void => {
    lines.push(...chunk.split('\n').filter((line) => line.trim() !== ''));
    lines.splice(0, Math.max(0, lines.length - 30));
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  const { code, error } = await new Promise<{ code: number | null; error?: Error }>((resolve) => {
    child.once('error', (cause) => resolve({ code: null, error: cause }));
    child.once('close', (exitCode) => resolve({ code: exitCode }));
  });
  if (code !== 0)
    throw new LocalAwsError(`Could not ${what}:\n  ${lines.join('\n  ')}`, error === undefined ? {} : { cause: error });
}
