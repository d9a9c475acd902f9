import type { LanguageModel } from '../../ports/language-model.ts';
import { AppError, isAppError } from '../../model/errors.ts';
import type { AuthoringConfig } from '../anthropic/config.ts';
import { makeLanguageModel } from '../anthropic/language-model.ts';
import { unsent } from '../anthropic/request-hash.ts';

/**
 * The configured model of a deployment. Its key is read when the model is first asked, and said nowhere: a key that cannot
 * be had is an answer (`denied`, or `unavailable` where reading it again may help), and nothing is sent.
 */
export function makeAuthoringModel(deps: {
  readonly config: AuthoringConfig;
  /** Reads the text of the secret; undefined where the function's own credentials are the key (Bedrock). */
  readonly secret: (() => Promise<string>) | undefined;
  readonly clock: () => number;
}): LanguageModel {
  const { config, secret, clock } = deps;
  let model: Promise<LanguageModel> | undefined;
  const make = async (): Promise<LanguageModel> => {
    const apiKey = secret === undefined ? undefined : keyIn(await secret());
    return makeLanguageModel({ config, clock, ...(apiKey === undefined ? {} : { apiKey }) });
  };
  return {
    async ask(request) {
      try {
        return await (await (model ??= make())).ask(request);
      } catch (error) {
        if (!isAppError(error)) throw error;
        // Of a secret that is not there AWS says so by name.
        const isMissing = error.details['name'] === 'ResourceNotFoundException';
        const is = error.retryable && !isMissing ? 'unavailable' : 'denied';
        return unsent(request, config.models[request.role], is, `the key of the language model: ${error.message}`);
      }
    },
  };
}

/** The key in a secret: its text, or `apiKey` of its JSON. */
function keyIn(secret: string): string {
  const text = secret.trim();
  let key: unknown = text;
  if (text.startsWith('{'))
    try {
      key = (JSON.parse(text) as { readonly apiKey?: unknown }).apiKey;
    } catch {
      key = undefined;
    }
  // A header holds no other characters; what else stands there must not be told in an error.
  if (typeof key !== 'string' || !/^[\x21-\x7e]+$/.test(key))
    throw new AppError('CONFIG_INVALID', 'the secret holds neither a key nor {"apiKey": …}');
  return key;
}
