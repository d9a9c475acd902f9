import { forms } from '../../mappings/dialects/index.ts';
import { registry } from '../../mappings/registry.ts';
import { AppError } from '../../model/errors.ts';
import type { Table } from '../dynamodb/client.ts';
import { makeDynamoCoverageLedger } from '../dynamodb/coverage-ledger.ts';
import { makeDynamoResourceStore } from '../dynamodb/resource-store.ts';
import { makeDynamoRoster } from '../dynamodb/roster.ts';
import { makeDynamoSweepLog } from '../dynamodb/sweep-log.ts';
import type { SweepDeps } from './sweep.ts';

/** What the sweep holds its lists against: the inventory, and how it names what is in a document. */
export function makeReconciling(
  table: Table,
): Pick<SweepDeps, 'registry' | 'read' | 'resources' | 'roster' | 'runs' | 'ledger'> {
  return {
    registry,
    read: (formId, document, hints) => {
      const form = forms.find(({ id }) => id === formId);
      if (form === undefined) throw new AppError('EVENT_INVALID', `no form of document is called ${formId}`);
      return form.read(document, Object.fromEntries(Object.entries(hints).filter(([, value]) => value !== undefined)));
    },
    resources: makeDynamoResourceStore(table),
    roster: makeDynamoRoster(table),
    runs: makeDynamoSweepLog(table),
    ledger: makeDynamoCoverageLedger(table),
  };
}
