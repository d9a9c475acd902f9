import type { Kind } from '../model/kind.ts';
import { firewall } from './firewall.ts';
import { modelEndpoint } from './model-endpoint.ts';
import { objectStore } from './object-store.ts';
import { sqlDatabase } from './sql-database.ts';

export { contextFacts } from './context.ts';

/** Every kind there is: the registry that the audits loop over. */
export const kinds: readonly Kind[] = [objectStore, sqlDatabase, firewall, modelEndpoint];

/** The kind with this id, or undefined. */
export const kindById = (id: string): Kind | undefined => kinds.find((k) => k.id === id);
