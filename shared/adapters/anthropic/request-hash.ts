import { canonicalJson } from '../../model/json.ts';
import { sha256 } from '../../policy/bundle.ts';
import type { ModelAnswer, ModelCall, ModelRequest } from '../../ports/language-model.ts';

/** What a request is known by: SHA-256 of all that it asks. */
export const requestHash = ({ role, purpose, system, prompt, schema, maxTokens }: ModelRequest): string =>
  sha256(canonicalJson({ role, purpose, system, prompt, schema, maxTokens }));

const NOTHING = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, cost: 0 };

/** What came of a request that was not sent. */
export function unsent(
  request: ModelRequest,
  model: string,
  is: Exclude<ModelAnswer['is'], 'answered'>,
  why: string,
): ModelAnswer {
  const { role, purpose } = request;
  const call: ModelCall = {
    role,
    purpose,
    model,
    requestHash: requestHash(request),
    usage: NOTHING,
    ms: 0,
    outcome: is,
  };
  return { is, why, call };
}
