/**
 * A WASM module of policies behind a strict edge. The library fails open there (a falsy input or malformed bytes are
 * evaluated as some other input, it throws strings), so: the input is text that we serialised, its exact bytes are
 * handed over, host functions are refused, and whatever goes wrong is an Error.
 */
import * as opaWasm from '@open-policy-agent/opa-wasm';
import { AppError } from '../../model/errors.ts';

// Its types declare named exports; as an ES module it has only a default one.
const { loadPolicySync } = (opaWasm as unknown as { readonly default: typeof opaWasm }).default;
type LoadedPolicy = ReturnType<typeof loadPolicySync>;

/** The parts of the loaded policy that the library's types leave out. */
interface Loaded {
  readonly policy: LoadedPolicy;
  readonly entrypoints: { readonly [name: string]: number };
}

/** 64 KiB pages: 1 MiB to begin with; at 128 MiB an evaluation fails instead of taking the process with it. */
const MEMORY = { initial: 16, maximum: 2048 };

export interface WasmModule {
  /** The names of the entrypoints. */
  readonly entrypoints: readonly string[];
  /** Evaluates an entrypoint on an input; undefined if its rule is. Throws an Error if the module does; recycle it then. */
  evaluate(entrypoint: string, inputJson: string): unknown;
  /** Replaces the instance: its memory may be in any state after an error. */
  recycle(): void;
}

/** Loads a module. Throws `POLICY_LOAD_FAILED` if it cannot be, or calls functions of its host. */
export function loadModule(wasm: Uint8Array): WasmModule {
  const bytes = exactBytes(wasm);
  let loaded = load(bytes);
  const hosts = hostFunctions(loaded.policy);
  if (hosts !== '{}') throw new AppError('POLICY_LOAD_FAILED', `the module calls functions of its host: ${hosts}`);
  const encoder = new TextEncoder();
  return {
    entrypoints: Object.keys(loaded.entrypoints).sort(),
    evaluate(entrypoint, inputJson) {
      const id = loaded.entrypoints[entrypoint];
      if (id === undefined) throw new AppError('POLICY_EVALUATION_FAILED', `no entrypoint ${entrypoint}`);
      let answer: unknown;
      try {
        answer = loaded.policy.evaluate(exactBytes(encoder.encode(inputJson)), id);
      } catch (thrown) {
        throw asError(thrown);
      }
      return resultOf(answer);
    },
    recycle() {
      loaded = load(bytes);
    },
  };
}

/** An ArrayBuffer that holds these bytes and no others. (A Buffer's own slice would share its memory.) */
function exactBytes(bytes: Uint8Array): ArrayBuffer {
  return (
    bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
      ? bytes.buffer
      : new Uint8Array(bytes).buffer
  ) as ArrayBuffer;
}

function load(bytes: ArrayBuffer): Loaded {
  return attempt('the module cannot be loaded', () => {
    const policy = loadPolicySync(bytes, { ...MEMORY });
    return { policy, entrypoints: (policy as unknown as Loaded).entrypoints };
  });
}

interface Exports {
  readonly builtins: () => number;
  readonly opa_json_dump: (address: number) => number;
}

/** What the module asks of its host, as JSON text. */
function hostFunctions(policy: LoadedPolicy): string {
  const { wasmInstance, mem } = policy as unknown as {
    readonly wasmInstance: { readonly exports: Exports };
    readonly mem: { readonly buffer: ArrayBuffer };
  };
  const address = wasmInstance.exports.opa_json_dump(wasmInstance.exports.builtins());
  const memory = new Uint8Array(mem.buffer);
  return new TextDecoder().decode(memory.subarray(address, memory.indexOf(0, address)));
}

/** The value in OPA's result set; undefined for an empty one. */
function resultOf(answer: unknown): unknown {
  if (!Array.isArray(answer) || answer.length > 1) {
    throw new AppError('POLICY_EVALUATION_FAILED', 'the module gave no result set');
  }
  return (answer[0] as { readonly result?: unknown } | undefined)?.result;
}

function attempt<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (thrown) {
    throw new AppError('POLICY_LOAD_FAILED', `${what}: ${asError(thrown).message}`, { cause: thrown });
  }
}

/** The library throws strings and plain objects. */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const message =
    typeof thrown === 'string' ? thrown : ((thrown as { message?: unknown } | null)?.message ?? 'unknown');
  return new Error(String(message));
}
