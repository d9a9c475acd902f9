/**
 * What Rego that was not generated may look at: the facts that its policy declares, each by its literal name, and whether
 * a declared list was seen completely. Read from the syntax tree, so that there is no way round by an alias, a computed
 * name, or a built-in function that takes the whole input.
 */
import { isObject } from '../model/json.ts';
import type { CompiledPolicy } from '../policy/bundle.ts';
import { conditionsOf, nodesOf, regoClausesOf } from '../policy/core.ts';
import { packageOf } from '../policy/to-rego.ts';

interface Term {
  readonly type: string;
  readonly value: unknown;
}
const isTerm = (v: unknown): v is Term => isObject(v) && typeof v['type'] === 'string' && 'value' in v;

/** What a module may import. Without an alias: that could be called `input`. */
const IMPORTS = new Set(['data.edict.values', 'rego.v1', 'future.keywords', 'future.keywords.in']);
const VALUES = ['data', 'edict', 'values'];

/** The first thing that the Rego of a policy looks at and may not; undefined: none. `tree` is what `opa parse` prints. */
export function readsProblem(
  { core, rego, bundled }: Pick<CompiledPolicy, 'core' | 'rego' | 'bundled'>,
  tree: unknown,
): { readonly line: number; readonly reads: string } | undefined {
  const conditions = conditionsOf(core);
  const isTimed =
    conditions.some((c) => [...nodesOf(c)].some((n) => n.op === 'test' && n.test.op === 'older_than')) &&
    // When the verdict of a clause in Rego changes with time nobody knows: it would be judged again too late.
    regoClausesOf(core).length === 0;
  const own = packageOf(core.id).split('.');
  const declared = new Set(bundled.reads);
  let found: { readonly line: number; readonly reads: string } | undefined;
  const refuse = (node: unknown, reads: string): void => {
    const place = isObject(node) && isObject(node['location']) ? node['location']['row'] : undefined;
    found ??= { line: typeof place === 'number' ? place : 0, reads };
  };

  const literals = (path: readonly Term[]): readonly (string | undefined)[] =>
    path.map((t, i) => (i === 0 || t.type === 'string' ? String(t.value) : undefined));
  const shown = (path: readonly Term[]): string =>
    literals(path)
      .map((p) => p ?? '[…]')
      .join('.');
  const isClosed = (v: unknown): boolean =>
    isTerm(v) && v.type === 'ref' && Array.isArray(v.value) && shown(v.value as Term[]) === 'input.closed';
  const callee = (v: unknown): string =>
    isTerm(v) && v.type === 'ref' && Array.isArray(v.value) ? shown(v.value as Term[]) : '';

  /** The arguments of a call that may be `input.closed`: its membership of a declared list, or that it is a list. */
  const isAllowedCall = (call: readonly unknown[]): boolean => {
    const [of, first, second, ...more] = call;
    if (callee(of) === 'is_array') return isClosed(first) && second === undefined;
    const isMember = callee(of) === 'internal.member_2' && isClosed(second) && more.length === 0;
    return isMember && isTerm(first) && first.type === 'string' && declared.has(String(first.value));
  };

  const ref = (node: unknown, path: readonly Term[]): void => {
    const names = literals(path);
    const [root, second, third] = names;
    if (path[0]?.type === 'var' && root === 'input') {
      const isFact = second === 'facts' && third !== undefined && declared.has(third);
      const isNow = isTimed && second === 'now' && path.length === 2;
      if (!isFact && !isNow) refuse(node, shown(path));
    } else if (path[0]?.type === 'var' && root === 'data') {
      const isOwn = [own, VALUES].some((prefix) => prefix.every((p, i) => names[i] === p));
      if (!isOwn) refuse(node, shown(path));
    } else walk(path[0]);
    for (const t of path.slice(1)) walk(t);
  };

  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      if (isAllowedCall(node)) return;
      for (const member of node) walk(member);
      return;
    }
    if (!isObject(node)) return;
    if (Array.isArray(node['with'])) refuse(node, 'with');
    if (isTerm(node) && node.type === 'ref' && Array.isArray(node.value)) {
      ref(node, node.value as Term[]);
      return;
    }
    // Not as the root of a reference: the whole of it, or a name that would hide it.
    if (isTerm(node) && node.type === 'var' && (node.value === 'input' || node.value === 'data'))
      refuse(node, node.value);
    for (const [key, value] of Object.entries(node)) if (key !== 'location') walk(value);
  };

  const { imports = [], rules = [] } = isObject(tree) ? tree : {};
  for (const i of Array.isArray(imports) ? imports : []) {
    const path = isObject(i) && isTerm(i['path']) && Array.isArray(i['path'].value) ? (i['path'].value as Term[]) : [];
    if (!IMPORTS.has(shown(path)) || (isObject(i) && i['alias'] !== undefined)) refuse(i, `import ${shown(path)}`);
  }
  walk(rules);
  // One for the whole package: another, of a rule, would say that its facts are something else.
  const annotated = rego.split('\n').flatMap((text, i) => (/^\s*#\s*schemas\s*:/.test(text) ? [i + 1] : []));
  const head = rego.split('\n').findIndex((text) => text.startsWith('package ')) + 1;
  if (annotated.length !== 1 || (annotated[0] ?? 0) > head)
    found ??= { line: annotated.at(-1) ?? head, reads: 'what it may by another schema than that of its package' };
  return found;
}
