import type { Json } from '../model/json.ts';
import type { Dialect, NativeResource } from '../model/native.ts';

export interface ReadOptions {
  /** What the caller knows and the document may not say. */
  readonly account?: string;
  readonly region?: string;
  /** Values for template parameters (CloudFormation, ARM). */
  readonly parameters?: { readonly [name: string]: Json };
  /** The version of documents that carry none of their own (an ARM GET, a sweep): comparable as a string with the provider's. */
  readonly orderKey?: string;
  /** When the world changed, and who changed it, where only the caller knows (the event that led to a read-back). */
  readonly changedAt?: string;
  readonly actor?: string;
  /**
   * The document answers a list of everything below this collection (an ARM id such as `…/blobServices/default/containers`),
   * all pages in one: what is not in it does not exist.
   */
  readonly listOf?: string;
  /** The provider refused to show it: the document only names what was asked for, and nothing of it is known. */
  readonly denied?: true;
}

/**
 * A form of document that Edict reads: one provider's way to write down resources of one dialect
 * (`terraform-plan`, `config-event`, `resource-graph` …).
 */
export interface DocumentForm {
  readonly id: string;
  readonly title: string;
  readonly dialect: Dialect;
  /** Recognises the form by the document's content. Total on any JSON, cheap (looks at few keys), and exclusive: at most one form says yes. */
  detect(document: Json): boolean;
  /**
   * The native resources in it, mapped or not (the registry tells what is unsupported). Total: resources, or an AppError
   * `EVENT_INVALID` whose details name the pointer and the reason. Time and memory linear in the document.
   */
  read(document: Json, options: ReadOptions): readonly NativeResource[];
}
