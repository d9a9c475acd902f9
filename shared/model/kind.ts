import type { FactSpec } from './fact.ts';

/** What a thing is in any cloud, and the facts that can be stated about it. One declaration is the whole contract. */
export interface Kind {
  readonly id: string;
  readonly title: string;
  readonly facts: { readonly [fact: string]: FactSpec };
}

/** Declares a kind. Ids and fact names are snake_case; facts are independent of each other and say what is true of the world. */
export function defineKind<const F extends { readonly [fact: string]: FactSpec }>(
  id: string,
  kind: { readonly title: string; readonly facts: F },
): Kind & { readonly facts: F } {
  return { id, ...kind };
}
