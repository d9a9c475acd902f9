/** The language model of this working folder: by its configuration and its environment. */
import { budgeted } from '../../shared/adapters/anthropic/budget.ts';
import type { AuthoringConfig } from '../../shared/adapters/anthropic/config.ts';
import { makeLanguageModel } from '../../shared/adapters/anthropic/language-model.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { LanguageModel } from '../../shared/ports/language-model.ts';
import { readAuthoring } from '../options.ts';

export interface ModelOptions {
  readonly baseUrl?: string;
  readonly config?: string;
}

/** The configured models; `--base-url` wins over the file. */
export async function configuredModel(options: ModelOptions): Promise<LanguageModel> {
  const config = await configOf(options);
  const apiKey = process.env[config.provider === 'bedrock' ? 'AWS_BEARER_TOKEN_BEDROCK' : 'ANTHROPIC_API_KEY'];
  const model = makeLanguageModel({
    config,
    clock: () => performance.now(),
    ...(apiKey === undefined || apiKey === '' ? {} : { apiKey }),
  });
  return budgeted(model, config.token_budget);
}

async function configOf({ config, baseUrl }: ModelOptions): Promise<AuthoringConfig> {
  const file = await readAuthoring(config);
  if (baseUrl === undefined) return file;
  if (!/^https?:\/\/./.test(baseUrl) || !URL.canParse(baseUrl))
    throw new AppError('INPUT_INVALID', `--base-url: "${baseUrl}" is no http address`);
  return { ...file, base_url: baseUrl };
}
