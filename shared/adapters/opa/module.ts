/**
 * A WASM module of policies behind a strict edge. The library fails open there (a falsy input or malformed bytes are
 * evaluated as some other input, it throws strings), so: the input is text that we serialised, its exact bytes are
 * handed over, host functions are refused, and whatever goes wrong is an Error.
 */
import * as opaWasm from '@open-policy-agent/opa-wasm';
import { AppError } from '../../model/errors.ts';

// Its types declare named exports; as an ES module it has only a default one.
const { loadPolicySync } = (opaWasm as unknown as { readonly default: typeof opaWasm }).default;

/** What the module exports, as far as it is called (https://www.openpolicyagent.org/docs/wasm, ABI 1.2). */
interface Exports {
  readonly builtins: () => number;
  readonly opa_json_dump: (address: number) => number;
  /** Evaluates an entrypoint on the JSON at `input`; what it needs is allocated from `heap` on. Gives the address of JSON. */
  readonly opa_eval: (
    reserved: 0,
    entrypoint: number,
    data: number,
    input: number,
    inputLength: number,
    heap: number,
    format: 0,
  ) => number;
}

/** A `WebAssembly.Memory`, for which there are no types here. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The parts of the loaded policy that the library's types leave out. */
interface Loaded {
  readonly wasmInstance: { readonly exports: Exports };
  readonly mem: Memory;
  readonly entrypoints: { readonly [name: string]: number };
  /** Where the (empty) data lies, and where the memory is free. */
  readonly dataAddr: number;
  readonly dataHeapPtr: number;
  readonly minorVersion: number;
}

/** 64 KiB pages: 1 MiB to begin with; at 128 MiB an evaluation fails instead of taking the process with it. */
const MEMORY = { initial: 16, maximum: 2048 };

export interface WasmModule {
  /** The names of the entrypoints. */
  readonly entrypoints: readonly string[];
  /** Evaluates an entrypoint on an input; undefined if its rule is. Throws an Error if the module does; recycle it then. */
  evaluate(entrypoint: string, inputJson: string): unknown;
  /** As `evaluate`, before its text is parsed: the JSON of OPA's result set, for `resultIn`. */
  evaluateText(entrypoint: string, inputJson: string): string;
  /** Replaces the instance: its memory may be in any state after an error. */
  recycle(): void;
}

/** Loads a module. Throws `POLICY_LOAD_FAILED` if it cannot be, or calls functions of its host. */
export function loadModule(wasm: Uint8Array): WasmModule {
  const bytes = exactBytes(wasm);
  let loaded = load(bytes);
  const hosts = hostFunctions(loaded);
  if (hosts !== '{}') throw new AppError('POLICY_LOAD_FAILED', `the module calls functions of its host: ${hosts}`);
  const evaluateText = (entrypoint: string, inputJson: string): string => {
    const id = loaded.entrypoints[entrypoint];
    if (id === undefined) throw new AppError('POLICY_EVALUATION_FAILED', `no entrypoint ${entrypoint}`);
    try {
      return run(loaded, id, inputJson);
    } catch (thrown) {
      throw asError(thrown);
    }
  };
  return {
    entrypoints: Object.keys(loaded.entrypoints).sort(),
    evaluateText,
    evaluate: (entrypoint, inputJson) => resultIn(evaluateText(entrypoint, inputJson)),
    recycle() {
      loaded = load(bytes);
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PAGE_BYTES = 65_536;
/** The most bytes of UTF-8 that one UTF-16 unit takes. */
const MOST_BYTES = 3;

/**
 * What the library's `evaluate` does with an ABI of 1.2, without its leniency (a falsy or malformed input is evaluated as
 * some other one) and its copies: the text's bytes are written where the memory is free, and the answer is read there.
 */
function run({ wasmInstance, mem, dataAddr, dataHeapPtr }: Loaded, entrypoint: number, inputJson: string): string {
  const missing = dataHeapPtr + MOST_BYTES * inputJson.length - mem.buffer.byteLength;
  if (missing > 0) mem.grow(Math.ceil(missing / PAGE_BYTES));
  const { read, written } = encoder.encodeInto(inputJson, new Uint8Array(mem.buffer, dataHeapPtr));
  if (read !== inputJson.length) throw new Error('the input was not written whole');
  const heap = dataHeapPtr + written;
  const address = wasmInstance.exports.opa_eval(0, entrypoint, dataAddr, dataHeapPtr, written, heap, 0);
  return textAt(mem, address);
}

/** The text at an address, up to its closing zero. */
function textAt(mem: Memory, address: number): string {
  const memory = new Uint8Array(mem.buffer);
  return decoder.decode(memory.subarray(address, memory.indexOf(0, address)));
}

/** An ArrayBuffer that holds these bytes and no others. (A Buffer's own slice would share its memory.) */
const exactBytes = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    ? bytes.buffer
    : new Uint8Array(bytes).buffer;

function load(bytes: ArrayBuffer): Loaded {
  return attempt('the module cannot be loaded', () => {
    const loaded = loadPolicySync(bytes, { ...MEMORY }) as unknown as Loaded; // its own fields, see above
    if (!(loaded.minorVersion >= 2)) throw new Error('its ABI is older than 1.2');
    return loaded;
  });
}

/** What the module asks of its host, as JSON text. */
const hostFunctions = ({ wasmInstance: { exports }, mem }: Loaded): string =>
  textAt(mem, exports.opa_json_dump(exports.builtins()));

/** The value in OPA's result set; undefined for an empty one. Throws if it is no result set. */
export function resultIn(text: string): unknown {
  const answer: unknown = JSON.parse(text);
  if (!Array.isArray(answer) || answer.length > 1)
    throw new AppError('POLICY_EVALUATION_FAILED', 'the module gave no result set');
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
  const message = typeof thrown === 'string' ? thrown : (thrown as { message?: unknown } | null)?.message;
  return new Error(typeof message === 'string' ? message : 'unknown');
}
