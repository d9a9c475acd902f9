/** A command in a real terminal (terminal.py): what a person sees, and the keys that they press. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

export const KEYS = { down: '\u001b[B', enter: '\r', escape: '\u001b', interrupt: '\u0003' } as const;
const PATIENCE_MS = 60_000;

export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number>;
  raw = '';
  /** How far `until` has read. */
  #at = 0;
  #changed: (() => void) | undefined;

  constructor(
    command: readonly string[],
    options: { readonly cwd: string; readonly env?: { readonly [name: string]: string } },
  ) {
    this.#child = spawn('python3', [join(import.meta.dirname, 'terminal.py'), ...command], {
      cwd: options.cwd,
      env: {
        ...process.env,
        NO_COLOR: undefined,
        FORCE_COLOR: undefined,
        CI: undefined,
        TERM: 'xterm',
        ...options.env,
      },
    });
    // A character may come in two pieces.
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.raw += chunk;
      this.#changed?.();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.raw += chunk;
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        resolve(code ?? -1);
        this.#changed?.();
      });
    });
  }

  /** All that was shown, without colours and movements of the cursor. */
  get shown(): string {
    return stripVTControlCharacters(this.raw);
  }

  /** Waits for something new to be shown, and gives what was shown up to there. Throws with the screen. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const fresh = this.shown.slice(this.#at);
      const found = pattern.exec(fresh);
      if (found !== null) {
        this.#at += found.index + found[0].length;
        return fresh.slice(0, found.index + found[0].length);
      }
      if (Date.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`${pattern} was not shown; the end of what was:\n${fresh.slice(-3000)}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        setTimeout(resolve, 200);
      });
    }
  }

  press(...keys: readonly string[]): void {
    for (const key of keys) this.#child.stdin.write(key);
  }

  /** The connection to the terminal is lost. */
  drop(): void {
    this.#child.kill('SIGKILL');
  }
}
