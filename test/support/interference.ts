/** Other processes and sudden deaths, for tests of what is concurrent: calls of ports wait for their turn, or end it. */

/** The process that made the call is gone: nothing after it happens. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

type Wrap = <T extends object>(port: T) => T;

/** A port whose every call goes through `call`. */
export function wrapWith(call: (name: string, act: () => Promise<unknown>) => Promise<unknown>): Wrap {
  return (port) =>
    new Proxy(port, {
      get: (target, property, receiver) => {
        const value: unknown = Reflect.get(target, property, receiver);
        if (typeof value !== 'function' || property === 'take') return value;
        return (...args: unknown[]): Promise<unknown> =>
          call(String(property), () => Reflect.apply(value, target, args) as Promise<unknown>);
      },
    });
}

/** Decides which of the waiting calls goes on, by a list of numbers: the same list, the same interleaving. */
export class Turns {
  readonly #choices: readonly number[];
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  readonly wrap: Wrap = wrapWith(async (_name, act) => {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return act();
  });

  /** Runs the processes to their end, one call of one of them at a time. */
  async run(processes: readonly Promise<unknown>[]): Promise<void> {
    const ended = { all: false };
    const all = Promise.allSettled(processes).then((results) => {
      ended.all = true;
      return results;
    });
    while (!ended.all) {
      // Everything that can go on without a turn does: what follows a call, up to the next one.
      for (let i = 0; i < 20; i++) await undefined;
      if (this.#waiting.length === 0) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        continue;
      }
      const choice = this.#choices[this.#next++ % this.#choices.length] ?? 0;
      const [go] = this.#waiting.splice(choice % this.#waiting.length, 1);
      go?.();
    }
    for (const result of await all) if (result.status === 'rejected') throw result.reason as Error;
  }
}

/** How a process lives: its ports, and whether it has come to its end. */
export interface Life {
  readonly wrap: Wrap;
  readonly isDead: () => boolean;
}
export const IMMORTAL: Life = { wrap: (port) => port, isDead: () => false };

/** Lives of a function: the first dies at its `at`-th call in all, before or after its effect, the others never; counts the calls of the first. */
export function dying(
  at: number,
  after: boolean,
): { readonly seen: { readonly calls: number; readonly died: boolean }; readonly start: () => Life } {
  const seen = { calls: 0, died: false };
  const start = (): Life => {
    if (seen.died) return IMMORTAL;
    const wrap = wrapWith(async (_call, act) => {
      if (seen.died) throw new Killed();
      seen.calls += 1;
      if (seen.calls !== at) return act();
      seen.died = true;
      if (after) await act();
      throw new Killed();
    });
    return { wrap, isDead: () => seen.died };
  };
  return { seen, start };
}

/** One life of a process: after `calls` calls it is killed, before or after the last call's effect. */
export function lifeOf(calls: number, after: boolean): Wrap {
  let left = calls;
  return wrapWith(async (_name, act) => {
    if (left < 0) throw new Killed();
    left -= 1;
    if (left >= 0) return act();
    if (after) await act();
    throw new Killed();
  });
}

/** Holds calls of one name until they are released. */
export class Gate {
  readonly #name: string;
  readonly #when: 'before' | 'after';
  #open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));
  #arrive: () => void = () => undefined;
  /** Someone stands at the gate. */
  readonly reached = new Promise<void>((resolve) => (this.#arrive = resolve));
  constructor(name: string, when: 'before' | 'after') {
    this.#name = name;
    this.#when = when;
  }
  open(): void {
    this.#open();
  }
  readonly wrap: Wrap = wrapWith(async (name, act) => {
    if (name !== this.#name) return act();
    const result = this.#when === 'after' ? await act() : undefined;
    this.#arrive();
    await this.#opened;
    return this.#when === 'after' ? result : act();
  });
}
