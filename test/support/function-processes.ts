/** The processes of the functions that a local AWS runs, found below the supervisor that this very process started. */
import { execFileSync } from 'node:child_process';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): readonly Process[] {
  return execFileSync('ps', ['-axo', 'pid=,ppid=,command='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
      return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }];
    });
}

/** Their process ids: runtimes of functions below supervisors of this process, and nothing else. */
export function functionProcesses(): readonly number[] {
  const all = processes();
  const childrenOf = (pid: number): readonly Process[] => all.filter((p) => p.parent === pid);
  const below = (p: Process): readonly Process[] => [p, ...childrenOf(p.pid).flatMap(below)];
  return childrenOf(process.pid)
    .filter(({ command }) => command.includes('supervise.py'))
    .flatMap(below)
    .filter(({ command }) => /^\S*\bnode(?:\s|$)/.test(command))
    .map(({ pid }) => pid);
}

/** Kills them, now. Returns how many there were. */
export function killFunctions(): number {
  let killed = 0;
  for (const pid of functionProcesses()) {
    try {
      process.kill(pid, 'SIGKILL');
      killed += 1;
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return killed;
}
