import type { Json } from '../model/json.ts';
import type { Dialect, NativeResource } from '../model/native.ts';

export interface ReadOptions {
  /** What the caller knows and the document may not say. */
  readonly account?: string;
  readonly region?: string;
  /** Values for template parameters (CloudFormation, ARM). */
  readonly parameters?: { readonly [name: string]: Json };
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
