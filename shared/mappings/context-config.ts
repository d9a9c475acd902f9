/** `edict.config.yaml`: its schema. By itself, because whoever applies the rules does not parse them. */
import * as z from 'zod';
import { DATA_CLASSIFICATIONS, ENVIRONMENTS } from '../kinds/context.ts';

const words = z.array(z.string().min(1).max(128)).min(1).max(32);
const accountEntry = z.strictObject({
  name: z.string().max(128).optional(),
  /** The number of a GCP project whose id is the key: live data names projects by number, plans by id. */
  number: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
  environment: z.enum(ENVIRONMENTS).optional(),
  data_classification: z.enum(DATA_CLASSIFICATIONS).optional(),
  owner: z.string().min(1).max(128).optional(),
});

/** The schema of `edict.config.yaml`; unknown keys are refused. */
export const contextConfigSchema = z.strictObject({
  version: z.literal(1),
  environment: z.strictObject({ tag_keys: words, values: z.partialRecord(z.enum(ENVIRONMENTS), words) }).optional(),
  data_classification: z
    .strictObject({ tag_keys: words, values: z.partialRecord(z.enum(DATA_CLASSIFICATIONS), words) })
    .optional(),
  owner: z.strictObject({ tag_keys: words }).optional(),
  /** By AWS account id, Azure subscription id, GCP project id (with its `number`) or project number. */
  accounts: z.record(z.string().min(1).max(128), accountEntry).optional(),
});
export type ContextConfig = z.infer<typeof contextConfigSchema>;
