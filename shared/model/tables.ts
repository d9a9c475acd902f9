/**
 * The three tables, once: the stacks create them from this, the adapters and their tests address them by it.
 * Attribute names are readable because people query the tables.
 */
export interface Attribute {
  readonly name: string;
  readonly type: 'S' | 'N';
}
export interface IndexShape {
  readonly name: string;
  readonly partitionKey: Attribute;
  readonly sortKey?: Attribute;
  readonly projection: 'KEYS_ONLY' | 'ALL';
}
export interface TableShape {
  readonly partitionKey: Attribute;
  readonly sortKey?: Attribute;
  /** The attribute with the epoch second at which an item expires. */
  readonly expiresAt?: string;
  /** Whether consumers follow the table's stream (new and old images). */
  readonly stream: boolean;
  readonly indexes: readonly IndexShape[];
}

const s = (name: string): Attribute => ({ name, type: 'S' });
const n = (name: string): Attribute => ({ name, type: 'N' });

/**
 * Inventory: one hot item per resource (`item = state`), its evidence and large parts (`evidence#…`, `part#…`), the
 * resources that depend on it (`dependent#…`), and per source and account when it was last heard (`resource = source#…`).
 * Only hot items of resources that live carry the attributes of the indexes, which hold keys only: the hot table is
 * written with every change.
 */
export const resourcesTable = {
  partitionKey: s('resource'),
  sortKey: s('item'),
  expiresAt: 'expires_at',
  stream: true,
  indexes: [
    // Resources judged by an older activation than the active one: re-judged until there is none.
    { name: 'by_activation', partitionKey: s('segment'), sortKey: n('activation'), projection: 'KEYS_ONLY' },
    // Resources that time alone will change.
    { name: 'by_next_flip', partitionKey: s('segment'), sortKey: n('next_flip_at'), projection: 'KEYS_ONLY' },
    // Resources with transitions that are not known to be published: what the repair job looks at.
    { name: 'by_pending', partitionKey: s('segment'), sortKey: n('pending_since'), projection: 'KEYS_ONLY' },
    // Inventory of an account, by kind.
    { name: 'by_account', partitionKey: s('account'), sortKey: s('kind'), projection: 'KEYS_ONLY' },
  ],
} as const satisfies TableShape;

/** How many segments the hot table's indexes are spread over: each is one partition's worth of writes. */
export const SEGMENTS = 16;

/** One current row per finding (`item = current`) and one row per transition (`item = transition#<revision>#<n>`). */
export const findingsTable = {
  partitionKey: s('finding'),
  sortKey: s('item'),
  // Only records of what was sent expire.
  expiresAt: 'expires_at',
  stream: false,
  // `rank` is `<status>#<severity rank>-<severity>#<since>`: every index lists what is open first, worst first.
  indexes: [
    { name: 'by_status', partitionKey: s('status'), sortKey: s('rank'), projection: 'ALL' },
    { name: 'by_account', partitionKey: s('account'), sortKey: s('rank'), projection: 'ALL' },
    { name: 'by_policy', partitionKey: s('policy'), sortKey: s('rank'), projection: 'ALL' },
    { name: 'by_resource', partitionKey: s('resource'), sortKey: s('rank'), projection: 'ALL' },
    { name: 'by_owner', partitionKey: s('owner'), sortKey: s('rank'), projection: 'ALL' },
    // Findings that a first sweep found: counted into one digest.
    { name: 'by_baseline', partitionKey: s('baseline'), sortKey: s('rank'), projection: 'ALL' },
  ],
} as const satisfies TableShape;

/**
 * Bundles in chunks under their hash, context configurations, the ACTIVE pointer and its history, approvals, exceptions,
 * and sentences on their way to a policy (`authoring#…`).
 */
export const policiesTable = {
  partitionKey: s('id'),
  sortKey: s('item'),
  // An activation starts the re-judging.
  stream: true,
  indexes: [],
} as const satisfies TableShape;
