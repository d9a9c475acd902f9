/** The `authoring` section of `edict.config.yaml`: which models draft, where they are reached, what they cost. */
import * as z from 'zod';
import { AppError } from '../../model/errors.ts';
import { MODEL_ROLES } from '../../ports/language-model.ts';
import { isLoopback, refusedAddress } from '../../runtime/address.ts';

const perRole = <T extends z.ZodType>(of: T) => z.strictObject({ author: of, second: of, explain: of });
const dollars = z.number().min(0).max(10_000);

/** What a model costs, in US dollars for a million tokens. */
const priceSchema = z.strictObject({
  model: z.string().min(1),
  input: dollars,
  /** Input that was read from the cache / written to it for an hour. */
  cache_read: dollars,
  cache_write: dollars,
  output: dollars,
  /** A longer prompt (in tokens, the cache included) has another price: its cost is not known. */
  up_to_prompt_tokens: z.int().positive().optional(),
  source: z.url(),
  read_on: z.iso.date(),
});
export type Price = z.infer<typeof priceSchema>;

const PRICES = 'https://platform.claude.com/docs/en/about-claude/pricing';
const READ_ON = '2026-11-25';

/** What holds without the section. */
export const DEFAULT_AUTHORING: AuthoringConfig = {
  provider: 'anthropic',
  models: { author: 'claude-opus-5-5', second: 'claude-sonnet-5-5', explain: 'claude-haiku-5-5' },
  effort: { author: 'high', second: 'high', explain: 'low' },
  timeout_seconds: 300,
  token_budget: 400_000,
  prices: [
    {
      model: 'claude-opus-5-5',
      input: 4,
      cache_read: 0.2,
      cache_write: 8,
      output: 20,
      source: PRICES,
      read_on: READ_ON,
    },
    {
      model: 'claude-sonnet-5-5',
      input: 2,
      cache_read: 0.1,
      cache_write: 4,
      output: 10,
      source: PRICES,
      read_on: READ_ON,
    },
    {
      model: 'claude-haiku-5-5',
      input: 0.1,
      cache_read: 0.01,
      cache_write: 0.2,
      output: 0.5,
      up_to_prompt_tokens: 100_000,
      source: PRICES,
      read_on: READ_ON,
    },
  ],
};

/** The schema of the section; unknown keys are refused. What is left out is as in `DEFAULT_AUTHORING`. */
export const authoringSchema = z.strictObject({
  provider: z.enum(['anthropic', 'bedrock']).default('anthropic'),
  /** Another address of the API: a proxy, a recording, a stand-in. */
  base_url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => isLoopback(url) || refusedAddress(url) === undefined, {
      error: ({ input }) => `${refusedAddress(String(input))}: https on the internet, or this machine`,
    })
    .optional(),
  /** Bedrock: where the models are called. */
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
    .optional(),
  models: perRole(z.string().min(1).max(200)).default(() => ({ ...DEFAULT_AUTHORING.models })),
  effort: perRole(z.enum(['low', 'medium', 'high', 'xhigh', 'max'])).default(() => ({ ...DEFAULT_AUTHORING.effort })),
  /** For one call, its one retry and every wait included. */
  timeout_seconds: z.number().positive().max(3600).default(300),
  /** Tokens of one run, read and written. A call that could go beyond is not made. */
  token_budget: z.int().positive().default(400_000),
  prices: z.array(priceSchema).default(() => [...DEFAULT_AUTHORING.prices]),
});
export interface AuthoringConfig extends Omit<z.infer<typeof authoringSchema>, 'models' | 'effort' | 'prices'> {
  readonly models: { readonly [role in (typeof MODEL_ROLES)[number]]: string };
  readonly effort: { readonly [role in (typeof MODEL_ROLES)[number]]: 'low' | 'medium' | 'high' | 'xhigh' | 'max' };
  readonly prices: readonly Price[];
}

/** The section, checked. Throws `CONFIG_INVALID`. */
export function parseAuthoring(section: unknown): AuthoringConfig {
  const parsed = authoringSchema.safeParse(section ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = ['authoring', ...(issue?.path ?? [])].join('.');
    throw new AppError('CONFIG_INVALID', `${at}: ${issue?.message ?? 'not a configuration'}`);
  }
  const { provider, models } = parsed.data;
  // Bedrock calls the same models by ids of its own, which depend on the region and the profile.
  const unnamed = MODEL_ROLES.find((role) => models[role] === DEFAULT_AUTHORING.models[role]);
  if (provider === 'bedrock' && unnamed !== undefined)
    throw new AppError(
      'CONFIG_INVALID',
      `authoring.models.${unnamed}: Bedrock has model ids of its own (anthropic.…, or an inference profile): name one for each role`,
    );
  return parsed.data;
}
