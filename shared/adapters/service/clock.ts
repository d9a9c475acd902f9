import { instant } from '../../model/change.ts';
import type { Clock } from '../../ports/clock.ts';

/** The time of this machine. */
export const systemClock: Clock = { now: () => Date.now() };
/** Now, as ISO-8601 UTC with milliseconds. */
export const now = (): string => instant(systemClock.now());
/** Now, in epoch milliseconds. */
export const nowMs = (): number => systemClock.now();
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
