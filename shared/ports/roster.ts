/** When a resource was last in a list of everything. */
export interface Seen {
  readonly source: string;
  readonly scope: string;
  /** When the list began that had it, less how far it may lie behind. */
  readonly at: string;
  /** A later list lacked it, and it was taken for gone as of then. Stays when it is seen again. */
  readonly absentAt?: string;
}

/**
 * Which resources the sweep saw, and when: one small row each, beside the resource and not in it, so that a mark costs one
 * write unit and no commit waits for it. Forgotten 45 days after the last mark. Strong. Errors: `STORE_UNAVAILABLE` (retry).
 */
export interface Roster {
  /**
   * Marks what a list has. A mark of a later list stays: runs may overlap. The rows as they then are, by id; `fresh`: those
   * that this list marked now and not before.
   */
  see(
    ids: readonly string[],
    by: Omit<Seen, 'absentAt'>,
  ): Promise<{ readonly seen: ReadonlyMap<string, Seen>; readonly fresh: ReadonlySet<string> }>;
  /** The rows, by id. */
  seen(ids: readonly string[]): Promise<ReadonlyMap<string, Seen>>;
  /** Notes that a list that began at `at` lacks it. False, and nothing noted: a list as late has it. */
  miss(id: string, at: string): Promise<boolean>;
}
