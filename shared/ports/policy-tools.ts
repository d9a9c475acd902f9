import type { CompiledPolicy } from '../policy/bundle.ts';
import type { Evaluate } from '../policy/proof.ts';
import type { Engine } from './engine.ts';

/** What a tool says against a policy; undefined: nothing. */
export type Objection = string | undefined;

/** A policy in WASM of its own. */
export interface Runnable {
  readonly engine: Engine;
  /** Runs the policy alone: `{declared, holds, fails}`. Throws where the module does. */
  readonly evaluate: Evaluate;
}

/**
 * The tool chain of the policy language, as the gates of a policy need it. A tool that is missing objects, and says how to
 * get it: it never passes anything. No method keeps anything between calls.
 */
export interface PolicyTools {
  /** Formatted as `opa fmt` would. */
  format(policy: CompiledPolicy): Objection;
  /** `opa check --strict` against the schema of the kind; without that annotation the schema would not be looked at. */
  check(policy: CompiledPolicy): Objection;
  /** The syntax tree, as `opa parse` prints it, with the place of each node. Throws an `AppError` where there is none. */
  parse(policy: CompiledPolicy): unknown;
  /** `regal lint`. */
  lint(policy: CompiledPolicy): Objection;
  /** Calls nothing but functions that are the same in WASM and in OPA, and reach nothing outside. */
  capabilities(policy: CompiledPolicy): Objection;
  /** Compiles the policy and loads it strictly. Throws an `AppError` with what was said. */
  compile(policy: CompiledPolicy): Runnable;
  /**
   * Other texts of the same policy, compiled together: for each what runs it, in their order; undefined where a text does
   * not compile. Throws an `AppError` where the tool does.
   */
  variants(policy: CompiledPolicy, regos: readonly string[]): readonly (Evaluate | undefined)[];
  /** The results of plain OPA on inputs, in their order. Throws an `AppError`. */
  plainOpa(policy: CompiledPolicy, inputs: readonly unknown[]): readonly unknown[];
}
