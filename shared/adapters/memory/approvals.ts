import type { Approval } from '../../model/approval.ts';
import type { ApprovalStore } from '../../ports/approvals.ts';
import { byPolicyAndTime } from '../approval-record.ts';

/** Approvals in memory. */
export function makeMemoryApprovals(title = 'memory'): ApprovalStore {
  const records = new Map<string, Approval>();
  const key = (policy: string, hash: string): string => `${policy}#${hash}`;
  return {
    title,
    read: async (policy, hash) => {
      await undefined;
      return structuredClone(records.get(key(policy, hash)));
    },
    list: async (policy) => {
      await undefined;
      const found = [...records.values()].filter((a) => policy === undefined || a.version.policy === policy);
      return structuredClone(found.toSorted(byPolicyAndTime));
    },
    write: async (next) => {
      await undefined;
      const at = key(next.version.policy, next.version.hash);
      if ((records.get(at)?.revision ?? 0) !== next.revision - 1) return false;
      records.set(at, structuredClone(next));
      return true;
    },
  };
}
