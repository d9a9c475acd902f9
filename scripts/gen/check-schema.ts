import * as z from 'zod';
import { checkJsonSchema } from '../../cli/report/schema.ts';
import type { Generator } from '../gen.ts';

/** The JSON Schema of what `edict check --format json` writes. */
export const checkSchema: Generator = {
  name: 'check-schema',
  owns: ['docs/check.schema.json'],
  files: () => ({ 'docs/check.schema.json': `${JSON.stringify(z.toJSONSchema(checkJsonSchema), null, 2)}\n` }),
};
