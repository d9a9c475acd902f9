/** The policies that are replayed, made ready to judge. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBundle } from '../../shared/adapters/opa/build.ts';
import { loadEngine } from '../../shared/adapters/opa/engine.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { AppError } from '../../shared/model/errors.ts';
import { makeMeaningEngine } from '../../shared/pipeline/meaning-engine.ts';
import { bundleOf, type CompiledPolicy } from '../../shared/policy/bundle.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import type { Engine } from '../../shared/ports/engine.ts';
import { policyFolders } from '../verify/candidates.ts';

const OPA = join(import.meta.dirname, '..', '..', '.bin', 'opa');

export interface Draft {
  readonly engine: Engine;
  /** `wasm`: by a module that was built of their Rego, as the service judges. `meaning`: by the specification of their clauses. */
  readonly judgedBy: 'wasm' | 'meaning';
}

/** Throws `INPUT_INVALID` for what is no policy, `CONFIG_INVALID` where only Rego says a policy and nothing can build it. */
export function readDraft(names: readonly string[], opa: string = OPA): Draft {
  const compiled = policyFolders(names).map(compiledOf);
  const twice = compiled.find(({ policy }, i) => compiled.findIndex((c) => c.policy.id === policy.id) !== i);
  if (twice !== undefined)
    throw new AppError('INPUT_INVALID', `two of the folders hold ${twice.policy.id}: name one of them`);
  if (existsSync(opa)) return { engine: loadEngine(buildBundle(opa, compiled)), judgedBy: 'wasm' };
  const byHand = compiled.find(({ bundled }) => bundled.evidence === 'tested');
  if (byHand !== undefined)
    throw new AppError(
      'CONFIG_INVALID',
      `${byHand.policy.id} is said by Rego that its clauses do not give, and opa is missing: "npm run tools" builds it into .bin/ (it needs Go)`,
    );
  return { engine: makeMeaningEngine(bundleOf(compiled, new Uint8Array()), kinds), judgedBy: 'meaning' };
}

/** A draft needs no intent and no examples to be judged. */
function compiledOf(folder: string): CompiledPolicy {
  const file = join(folder, 'policy.yaml');
  const rego = join(folder, 'policy.rego');
  return compilePolicy(
    {
      file,
      yaml: readFileSync(file, 'utf8'),
      ...(existsSync(rego) ? { rego: readFileSync(rego, 'utf8') } : {}),
    },
    kinds,
  );
}
