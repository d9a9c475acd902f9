import { instant } from '../../model/change.ts';
import type { Clock } from '../../ports/clock.ts';

/** The time of this machine. */
export const systemClock: Clock = { now: () => Date.now() };
/** Now, as ISO-8601 UTC with milliseconds. */
export const now = (): string => instant(systemClock.now());
