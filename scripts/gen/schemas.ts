import { kinds } from '../../shared/kinds/index.ts';
import { schemaOf } from '../../shared/policy/schema.ts';
import type { Generator } from '../gen.ts';

/** The folder that `opa check --schema` is given: `schema.<kind>` in a policy's metadata names a file of it. */
export const SCHEMA_FOLDER = 'shared/kinds/schema';

/** The JSON Schema of the policy input of each kind. */
export const schemas: Generator = {
  name: 'schemas',
  owns: [`${SCHEMA_FOLDER}/*.json`],
  files: () =>
    Object.fromEntries(
      kinds.map((kind) => [`${SCHEMA_FOLDER}/${kind.id}.json`, `${JSON.stringify(schemaOf(kind), null, 2)}\n`]),
    ),
};
