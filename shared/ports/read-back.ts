import type { Notice, ReadHints } from '../model/change.ts';
import type { Json } from '../model/json.ts';
import type { NativeResource } from '../model/native.ts';

/** A document that was read, and how. */
export interface ReadDocument {
  readonly form: string;
  readonly document: Json;
  readonly read?: ReadHints;
}

/** Which resource an answer without a document is about, named as the document would have named it. */
export type NativeIdentity = Pick<NativeResource, 'dialect' | 'type' | 'id' | 'name' | 'account' | 'region'>;

/**
 * What the provider said when it was asked.
 * `found`: all documents that make up the resource (it and its named children).
 * `gone`: the provider says, with authority, that there is no such thing. A failed, throttled or denied read is never that.
 * `denied`: we may not see it: its facts become unknown `denied`.
 * `unsupported`: no type that this reader knows.
 */
export type ReadAnswer =
  | { readonly is: 'found'; readonly readKey: string; readonly documents: readonly ReadDocument[] }
  | { readonly is: 'gone'; readonly readKey: string; readonly native: NativeIdentity }
  | { readonly is: 'denied'; readonly readKey: string; readonly native: NativeIdentity }
  | { readonly is: 'unsupported'; readonly nativeType: string };

/**
 * Reads back what a notice is about. `readKey` is the instant the read *started* minus the source's lag, never the
 * instant it ended. Errors: `UPSTREAM_THROTTLED`, `UPSTREAM_UNAVAILABLE` (retry; the adapter does not).
 */
export interface ReadBack {
  read(notice: Notice): Promise<ReadAnswer>;
}
