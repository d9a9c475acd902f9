/** From wanted facts to native documents: the inverse of the mappings, checked by the mappings themselves. */
import type { FactStates } from '../../model/fact.ts';

/** A native document that has some facts: `name` is a file name with its extension, its stem begins with the dialect. */
export interface Rendered {
  readonly dialect: string;
  readonly name: string;
  readonly text: string;
}

export interface RenderOptions {
  /** Only these dialects (as the beginning of a name says them). */
  readonly dialects?: readonly string[];
}

/**
 * Native documents of a kind that have these facts, in every dialect that can say them; facts that are not given are free.
 * A document is returned only if the real mapping reads every given fact from it, unknown included.
 */
export function renderNative(_kind: string, _facts: FactStates, _options: RenderOptions = {}): readonly Rendered[] {
  return [];
}
