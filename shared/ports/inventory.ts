import type { Change, Notice } from '../model/change.ts';
import type { Cloud } from '../model/cloud.ts';

/** One page of an inventory. */
export interface InventoryPage {
  /** What was found: documents, or notices of what has to be read back by itself. */
  readonly contents: readonly Change['content'][];
  /** The instant the page's read started minus the source's lag: it keys documents without a version of their own. */
  readonly readKey: string;
  /** Opaque; absent: that was all. */
  readonly next?: string;
  /** The provider left something out and said so. */
  readonly incomplete?: true;
}

/** A resource as it is named to those who may list it. */
export interface Listable {
  readonly id: string;
  readonly cloud: Cloud;
  readonly nativeType: string;
  readonly account?: string;
  readonly region?: string;
}

/** The list that would hold a resource, if it were there. */
export interface Cover {
  readonly scope: string;
  /**
   * Of what something else must have been listed in the same run (an account, its region, a type there): a list can lose a
   * whole account and not say so, and that is no deletion of everything in it.
   */
  readonly place?: string;
  /** What it means that the whole list lacks it. `gone`: it is gone. A notice: the list leaves out what we may not see, so the provider is asked. */
  readonly absence: 'gone' | Omit<Notice, 'changedAt'>;
}

/** A provider's list of everything that is judged, page by page. */
export interface Inventory {
  /** `aws.sweep`, `azure.sweep`, `gcp.sweep`. */
  readonly source: string;
  /** What is listed by itself (accounts, subscriptions with a kind of content): each is a chain of pages. */
  readonly scopes: readonly string[];
  /** The list that would hold the resource. Undefined: none does, and its absence means nothing. Absent: of no resource. Pure. */
  readonly covers?: (resource: Listable) => Cover | undefined;
  /** Errors: `UPSTREAM_THROTTLED` (with `retryAfterMs`), `UPSTREAM_UNAVAILABLE` (retry the page), `UPSTREAM_DENIED`. */
  page(scope: string, next: string | undefined): Promise<InventoryPage>;
}
