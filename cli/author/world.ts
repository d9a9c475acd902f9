/** What authoring is given here: the gates of this project, its policies and mappings, and an inventory of files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { parse } from 'yaml';
import type { AuthorDeps, InventoryResource, PolicyFiles } from '../../shared/authoring/deps.ts';
import { asV1 } from '../../shared/adapters/opa/rego-reader.ts';
import { type Apart, judgeApart, verifyApart } from '../../shared/adapters/opa/verify-apart.ts';
import type { RegoWorld } from '../../shared/authoring/author-rego.ts';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import { renderMapped } from '../../shared/authoring/renderers/render.ts';
import { EXAMPLES_NOW, SEED } from '../../shared/authoring/verify.ts';
import { worldWith } from '../../shared/authoring/world.ts';
import { kinds } from '../../shared/kinds/index.ts';
import type { ContextConfig } from '../../shared/mappings/context.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { FactStates } from '../../shared/model/fact.ts';
import { isObject } from '../../shared/model/json.ts';
import { SEGMENTS } from '../../shared/model/tables.ts';
import { coreOf } from '../../shared/policy/bundle.ts';
import type { CorePolicy } from '../../shared/policy/core.ts';
import type { LanguageModel } from '../../shared/ports/language-model.ts';
import { readManifest } from '../bundle.ts';
import { projectTools, toolPaths } from '../commands/verify.ts';
import { LONGEST_FILE_BYTES } from '../input/documents.ts';
import { Inputs } from '../input/sets.ts';
import type { Stack } from '../stack/stack.ts';
import { readExamples } from '../verify/candidates.ts';

/**
 * All that authoring needs, beside the policies that ship. The same instant and seed as `edict policies verify`, so both say
 * the same. `others`: what the gates compare with instead.
 */
export function authoringWorld(
  model: LanguageModel,
  more: Partial<Pick<AuthorDeps, 'inventory' | 'tells' | 'limits'>> = {},
  others?: readonly CorePolicy[],
): AuthorDeps {
  const active = readManifest().policies.map(coreOf);
  const gates = { tools: projectTools(), clock: () => performance.now(), render: renderMapped };
  const world = worldWith(active, others === undefined ? gates : { ...gates, others });
  return { ...world, model, examplesOf, ...more };
}

/** How long Rego of a model may take: all gates together, thousands of evaluations. */
const REGO_LIMIT_MS = 120_000;

/** What runs Rego that a model has written: in a thread of its own, beside these policies. */
export function regoWorld(active: readonly CorePolicy[]): RegoWorld {
  const paths = toolPaths();
  const by: Apart = { paths, kinds, others: active, now: EXAMPLES_NOW, seed: SEED, limitMs: REGO_LIMIT_MS };
  return {
    verify: (candidate, without = []) => verifyApart(candidate, { ...by, without }),
    judge: (source, facts) => judgeApart(source, facts, by),
    format: (rego) => asV1(paths.opa, rego, { version: 'v1' }),
  };
}

/** The examples among the files of a policy's folder, mapped as `edict check` maps documents. */
async function examplesOf(yaml: string, files: PolicyFiles): ReturnType<AuthorDeps['examplesOf']> {
  const declared: unknown = parse(yaml);
  const kind = isObject(declared) ? String(declared['kind']) : '';
  const folder = mkdtempSync(join(tmpdir(), 'edict-author-'));
  try {
    for (const [path, text] of Object.entries(files)) writeBelow(folder, path, text);
    return await readExamples(folder, kind);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a file below a folder. A path that leads out of it is a defect. */
export function writeBelow(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  if (!file.startsWith(`${folder}${sep}`)) throw new AppError('INVARIANT_BROKEN', `${path} leads out of ${folder}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The resources in files, by kind: what a new policy would be judged on. */
export async function inventoryOf(
  paths: readonly string[],
  context: ContextConfig,
): Promise<NonNullable<AuthorDeps['inventory']>> {
  const byKind = new Map<string, InventoryResource[]>();
  const inputs = new Inputs({ context, read: {}, maxBytes: LONGEST_FILE_BYTES });
  for await (const resources of inputs.resources(paths, () => {})) {
    for (const { id, kind, facts, deleted } of resources) {
      if (deleted) continue;
      const of = byKind.get(kind.id) ?? [];
      of.push(inventoryResource(id, facts));
      byKind.set(kind.id, of);
    }
  }
  const [problem] = inputs.problems;
  if (problem !== undefined)
    throw new AppError('INPUT_INVALID', `--inventory: ${problem.document}: ${problem.reason}; ${problem.action}`);
  return (kind) => byKind.get(kind) ?? [];
}

/** The live resources that a stack knows, by kind. */
export async function stackInventory(stack: Stack): Promise<NonNullable<AuthorDeps['inventory']>> {
  const store = makeDynamoResourceStore({ client: stack.documents(), name: stack.output('ResourcesTable') });
  const byKind = new Map<string, InventoryResource[]>();
  for (let segment = 0; segment < SEGMENTS; segment++) {
    let next: string | undefined;
    do {
      const page = await store.belowActivation(segment, Number.MAX_SAFE_INTEGER, next);
      for (const state of await Promise.all(page.items.map((id) => store.read(id)))) {
        if (state === undefined || state.deleted || state.kind === null) continue;
        const of = byKind.get(state.kind) ?? [];
        // Replaced since: nothing is known of it.
        of.push(inventoryResource(state.id, (await store.evidence(state)) ?? {}));
        byKind.set(state.kind, of);
      }
      next = page.next;
    } while (next !== undefined);
  }
  return (kind) => byKind.get(kind) ?? [];
}

/** A resource as authoring looks at it. */
function inventoryResource(id: string, facts: FactStates): InventoryResource {
  const text = (fact: string): string | undefined => {
    const state = facts[fact];
    return state !== undefined && state.state !== 'unknown' && typeof state.value === 'string'
      ? state.value
      : undefined;
  };
  const owner = text('owner');
  return {
    id,
    cloud: text('cloud') ?? '(unknown)',
    account: text('account') ?? '(unknown)',
    owner: owner === undefined || owner === 'none' ? null : owner,
    facts,
  };
}
