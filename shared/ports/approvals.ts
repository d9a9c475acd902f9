import type { Approval } from '../model/approval.ts';

/** Where approvals are kept. Errors: `STORE_UNAVAILABLE` (retry), `CONFIG_INVALID` (a file that cannot be read). */
export interface ApprovalStore {
  /** What is told to a person: `policies/approvals.yaml`, `the local stack`. */
  readonly title: string;
  /** The record of a version (of a policy, by its hash). Strong. */
  read(policy: string, hash: string): Promise<Approval | undefined>;
  /** All records, or those of one policy: by policy, then by when they were asked for. Strong. */
  list(policy?: string): Promise<readonly Approval[]>;
  /**
   * Writes the record if the stored revision is still `next.revision - 1` (0: nothing is stored). False: someone was
   * faster, and nothing is written.
   */
  write(next: Approval): Promise<boolean>;
}
