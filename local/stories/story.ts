/**
 * The stories that `npm start` tells and the end-to-end test holds the service to: changes in three clouds as their
 * providers announce them, and the transitions that Edict must publish for each, no fewer and no more.
 */
import type { Delivery } from '../../cli/stack/front-doors.ts';
import type { Cloud } from '../../shared/model/cloud.ts';
import type { Json } from '../../shared/model/json.ts';
import type { Verdict } from '../../shared/model/verdict.ts';

export type { Delivery };

/** In place of an answer: whoever asks is refused. */
export const DENIED = Symbol('denied');
export type Denied = typeof DENIED;

/** What the provider's API says from now on: an ARM id (lower case) and its answer; null: there is no such thing. */
export type ArmAnswers = { readonly [id: string]: Json | null | Denied };

/** One change of the world. */
export interface Step {
  /** What happens, as a person would say it. */
  readonly says: string;
  /** The notice, for a change that happened at this instant (ISO-8601 UTC, milliseconds). */
  readonly deliver: (at: string) => Delivery;
  /** What a read-back finds once it has happened. */
  readonly arm?: ArmAnswers;
  /**
   * The transitions that it must lead to: by the resource's canonical id, the verdict that each policy comes to; `gone`
   * where nothing is judged any more. Policies that are not named must not be heard of.
   */
  readonly becomes: { readonly [resource: string]: { readonly [policy: string]: Verdict | 'gone' } };
}

/** What happens to a resource, in order. Stories do not touch each other: they may be told in any order, or at once. */
export interface Story {
  readonly id: string;
  readonly cloud: Cloud;
  /** The resource's name in what is printed. */
  readonly about: string;
  readonly steps: readonly Step[];
}
