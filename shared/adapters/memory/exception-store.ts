import { type Exception, exceptionSchema } from '../../model/exception.ts';
import { AppError } from '../../model/errors.ts';
import { dueOf } from '../../pipeline/exceptions.ts';
import type { Due, ExceptionStore } from '../../ports/exception-store.ts';

/** Exceptions in memory. `spoil` puts something that is none, as a hand would. */
export function makeMemoryExceptionStore(): ExceptionStore & { spoil(id: string, change: Partial<Exception>): void } {
  const rows = new Map<string, Exception>();
  const dues = new Map<string, Due>();
  const keyOf = ({ exceptionId, days }: Due): string => `${exceptionId}#${days}`;
  return {
    spoil: (id, change) => {
      const row = rows.get(id);
      if (row !== undefined) rows.set(id, { ...row, ...change });
    },
    get: async (id) => {
      await undefined;
      const row = rows.get(id);
      if (row === undefined) return undefined;
      const parsed = exceptionSchema.safeParse(row);
      if (!parsed.success) throw new AppError('INVARIANT_BROKEN', `what is stored as ${id} is no exception`);
      return structuredClone(parsed.data);
    },
    put: async (exception) => {
      await undefined;
      if ((rows.get(exception.id)?.revision ?? 0) !== exception.revision - 1) return false;
      rows.set(exception.id, structuredClone(exception));
      for (const due of dueOf(exception)) {
        const row = { exceptionId: exception.id, ...due };
        dues.set(keyOf(row), row);
      }
      return true;
    },
    concerning: async (resourceId) => {
      await undefined;
      return structuredClone(
        [...rows.values()]
          .filter((e) => e.covers.some((c) => c.resource === resourceId) && exceptionSchema.safeParse(e).success)
          .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      );
    },
    list: async () => {
      await undefined;
      return structuredClone([...rows.values()].toSorted((a, b) => (a.requestedAt < b.requestedAt ? 1 : -1)));
    },
    due: async (at) => {
      await undefined;
      return [...dues.values()]
        .filter((due) => due.at <= at)
        .toSorted((a, b) => (a.at < b.at ? -1 : 1))
        .slice(0, 100);
    },
    done: async (due) => {
      await undefined;
      dues.delete(keyOf(due));
    },
  };
}
