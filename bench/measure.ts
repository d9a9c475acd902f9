/** How things are measured: repeated, by medians; whole processes by what the kernel accounts to them. */
import { spawn } from 'node:child_process';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** The median; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/** The value that `share` (0 to 1) of the values do not exceed. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN;

/** The processor time of a call in milliseconds: what others do on the machine does not count. */
export function cpuMs(body: () => unknown): number {
  const start = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** The median of `runs` calls after one that does not count, in milliseconds of processor time. */
export function cpuMsOften(runs: number, body: () => unknown): number {
  body();
  return median(Array.from({ length: runs }, () => cpuMs(body)));
}

/** What a process took. */
export interface Usage {
  readonly wallSeconds: number;
  /** User and system time, of its children too. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly code: number;
  /** What it wrote to standard output, as far as it was kept. */
  readonly output: string;
}

/** Starts the command it is given and tells on descriptor 3 what the kernel accounts to it. */
const ACCOUNT = `
import json, os, sys, time
start = time.monotonic()
child = os.fork()
if child == 0:
    os.close(3)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(child, 0)
wall = time.monotonic() - start
peak = used.ru_maxrss / (1048576 if sys.platform == "darwin" else 1024)
os.write(3, json.dumps([wall, used.ru_utime + used.ru_stime, peak, os.waitstatus_to_exitcode(status)]).encode())
`;

/** Runs a command to its end. Standard error is ours. Throws if it cannot be started. */
export async function measure(
  command: readonly string[],
  options: { readonly keepOutput?: boolean; readonly cwd?: string } = {},
): Promise<Usage> {
  const child = spawn('python3', ['-c', ACCOUNT, ...command], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let output = '';
  let told = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (options.keepOutput === true) output += text;
  });
  child.stdio[3]?.on('data', (text: Buffer) => (told += text.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  if (told === '') throw new Error(`${command.join(' ')} could not be measured`);
  const [wallSeconds, cpuSeconds, peakMegabytes, code] = JSON.parse(told) as [number, number, number, number];
  return { wallSeconds, cpuSeconds, peakMegabytes, code, output };
}

/** Runs a command several times, and gives the median of each figure. Throws if it ends with another code. */
export async function measureOften(runs: number, command: readonly string[], expectedCode = 0): Promise<Usage> {
  const all: Usage[] = [];
  for (let i = 0; i < runs; i++) {
    const usage = await measure(command);
    if (usage.code !== expectedCode) throw new Error(`${command.join(' ')} ended with ${usage.code}`);
    all.push(usage);
  }
  const of = (figure: (u: Usage) => number): number => median(all.map(figure));
  return {
    wallSeconds: of((u) => u.wallSeconds),
    cpuSeconds: of((u) => u.cpuSeconds),
    peakMegabytes: of((u) => u.peakMegabytes),
    code: expectedCode,
    output: '',
  };
}

/** What the figures were measured on; and the load, where more ran than it has processors: then times are longer. */
export function machine(): string {
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  const crowded = load > cpus().length ? `, at a load of ${load.toFixed(0)}` : '';
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${gigabytes} GB, ${platform()} ${release()} ${arch()}, Node ${process.versions.node}${crowded}`;
}
