import type { Change } from '../model/change.ts';

/** One page of an inventory. */
export interface InventoryPage {
  /** What was found: documents, or notices of what has to be read back by itself. */
  readonly contents: readonly Change['content'][];
  /** The instant the page's read started minus the source's lag: it keys documents without a version of their own. */
  readonly readKey: string;
  /** Opaque; absent: that was all. */
  readonly next?: string;
}

/** A provider's list of everything that is judged, page by page. */
export interface Inventory {
  /** `aws.sweep`, `azure.sweep`, `gcp.sweep`. */
  readonly source: string;
  /** What is listed by itself (accounts, subscriptions with a kind of content): each is a chain of pages. */
  readonly scopes: readonly string[];
  /** Errors: `UPSTREAM_THROTTLED` (with `retryAfterMs`), `UPSTREAM_UNAVAILABLE` (retry the page), `UPSTREAM_DENIED`. */
  page(scope: string, next: string | undefined): Promise<InventoryPage>;
}
