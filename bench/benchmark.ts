/** What a benchmark is, and what it gives. */
import type { writeBundle } from './policies.ts';

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: 'µs' | 'ms' | 's' | 'MB' | 'KB' | '×' | '$' | '1/s' | '';
  /** The target, where there is one. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Context {
  /** A folder that is removed at the end. */
  readonly work: string;
  /** Small sizes and few repetitions: to see that it works. */
  readonly quick: boolean;
  /** The bundle of two hundred policies, made when first asked for. */
  readonly bench: () => ReturnType<typeof writeBundle>;
  readonly log: (line: string) => void;
  /** A figure that another benchmark measured, now or in an earlier run; undefined if none did. */
  readonly measured: (name: string, what: string) => number | undefined;
}

export interface Benchmark {
  /** As the command line calls it. */
  readonly name: string;
  readonly title: string;
  /** What a reader of its table has to know. */
  readonly note?: string;
  run(context: Context): Promise<readonly Row[]>;
  /** A page of its own, by its path in the project; made after `run`. */
  page?(): { readonly path: string; readonly text: string };
}

/** Whether the target of a row is met; undefined if it has none. */
export const isMet = ({ value, atMost, atLeast }: Row): boolean | undefined =>
  atMost === undefined && atLeast === undefined
    ? undefined
    : value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
