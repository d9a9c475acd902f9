/** The time, as an input. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}
