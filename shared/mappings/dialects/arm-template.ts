/**
 * ARM deployment templates: parameters (with values of the caller's, or defaults), variables, copy loops, conditions,
 * child resources (nested, or by segments of type and name), extension resources, and nested deployments.
 *
 * A resource's id is its type and name by turns, lower case (`microsoft.storage/storageaccounts/logs`): subscription and
 * group are not known before a deployment. What a name owes to the unknown stands in it as a hole in braces.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax (read 2026-11-25)
 */
import { AppError } from '../../model/errors.ts';
import { isObject, type Json, pointerSegment } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { armLocation } from '../azure/arm-id.ts';
import type { DocumentForm, ReadOptions } from '../form.ts';
import { armTags } from './arm.ts';
import { bounded, evaluate, idOf, literalOf, parseTemplateString, type Scope } from './arm-expression.ts';

type Object_ = { readonly [key: string]: Json };
const object = (value: Json | undefined): Object_ | undefined => (isObject(value) ? value : undefined);

const MAX_COPIES = 800; // ARM's own limit: https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-resources
const MAX_RESOURCES = 20_000;
const MAX_DEPTH = 16;
const MAX_VALUES = 2_000_000;

const invalid = (pointer: string, reason: string): AppError =>
  new AppError('EVENT_INVALID', `ARM template at ${pointer || '/'}: ${reason}`, { details: { pointer, reason } });

/** A property in whatever case the template spells it. */
function property(of: Object_, name: string): Json | undefined {
  if (Object.hasOwn(of, name)) return of[name];
  const key = Object.keys(of).find((k) => k.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : of[key];
}

/** A property that is a text; empty for anything else. */
const textAt = (of: Object_, name: string): string => {
  const value = property(of, name);
  return typeof value === 'string' ? value : '';
};

/** A scope in which copy loops count. */
interface LoopScope extends Scope {
  /** How many values may still be evaluated: loops within loops multiply. */
  readonly budget: { left: number };
  readonly loops: readonly { readonly name: string; readonly index: number | undefined }[];
}

const counting = (scope: LoopScope, name: string, index: number | undefined): LoopScope => {
  const loops = [...scope.loops, { name: name.toLowerCase(), index }];
  return {
    ...scope,
    loops,
    copyIndex: (asked) => {
      const loop = asked === undefined ? loops.at(-1) : loops.findLast((l) => l.name === asked.toLowerCase());
      return loop?.index;
    },
  };
};

/** A value of the template with its expressions evaluated, copy loops of properties included. */
function resolve(value: Json | undefined, scope: LoopScope, depth = 0): Body {
  scope.budget.left -= 1;
  if (scope.budget.left < 0) throw invalid('', `more than ${MAX_VALUES} values to evaluate`);
  if (depth > MAX_DEPTH * 4) return new Unresolved('{nested too deeply}');
  if (typeof value === 'string') {
    const expression = parseTemplateString(value);
    if (expression === undefined) return literalOf(value);
    return expression === 'invalid' ? new Unresolved('{not an expression}') : evaluate(expression, scope);
  }
  if (Array.isArray(value)) return bounded((value as readonly Json[]).map((v) => resolve(v, scope, depth + 1)));
  const it = object(value);
  if (it === undefined) return (value as Body | undefined) ?? null;
  const made: Record<string, Body> = {};
  for (const [key, inner] of Object.entries(it)) {
    const loops = key.toLowerCase() === 'copy' && Array.isArray(inner) ? (inner as readonly Json[]) : undefined;
    if (loops !== undefined && loops.every(isPropertyLoop)) {
      for (const loop of loops) repeat(loop as Object_, scope, depth, made);
    } else if (key !== '__proto__') made[key] = resolve(inner, scope, depth + 1);
  }
  return bounded(made);
}

const isPropertyLoop = (value: Json): boolean => {
  const it = object(value);
  return it !== undefined && typeof property(it, 'name') === 'string' && property(it, 'count') !== undefined;
};

function repeat(loop: Object_, scope: LoopScope, depth: number, into: Record<string, Body>): void {
  const name = textAt(loop, 'name');
  const count = resolve(property(loop, 'count'), scope, depth + 1);
  if (typeof count !== 'number' || count < 0 || count > MAX_COPIES) {
    into[name] = new Unresolved('{how often a copy loop runs}');
    return;
  }
  into[name] = Array.from({ length: count }, (_, i) =>
    resolve(property(loop, 'input'), counting(scope, name, i), depth + 1),
  );
}

/** The parameters and variables of one template, evaluated when they are asked for. */
function makeScope(
  template: Object_,
  given: (name: string) => Body | undefined,
  options: ReadOptions,
  resources: Json | undefined,
  budget: LoopScope['budget'],
): LoopScope {
  const parameters = object(property(template, 'parameters')) ?? {};
  const variables = object(property(template, 'variables')) ?? {};
  const memo = new Map<string, Body>();
  const busy = new Set<string>();
  /** Evaluates once; a definition that asks for itself is unknown. */
  const once = (key: string, make: () => Body): Body => {
    const before = memo.get(key);
    if (before !== undefined) return before;
    if (busy.has(key) || busy.size > MAX_DEPTH * 8) return new Unresolved(`{${key} is defined by itself}`);
    busy.add(key);
    const value = make();
    busy.delete(key);
    memo.set(key, value);
    return value;
  };
  const symbols = object(resources);
  const scope: LoopScope = {
    budget,
    loops: [],
    copyIndex: () => undefined,
    parameter: (name) =>
      once(`parameters('${name.toLowerCase()}')`, () => {
        const unknown = new Unresolved(`{parameters('${name}')}`);
        const declared = object(property(parameters, name));
        const type = declared === undefined ? undefined : property(declared, 'type');
        // What is secure is not looked at, not even its default.
        if (typeof type === 'string' && type.toLowerCase().startsWith('secure')) return unknown;
        const value = given(name);
        if (value !== undefined) return value;
        const fallback = declared === undefined ? undefined : property(declared, 'defaultValue');
        return fallback === undefined ? unknown : resolve(fallback, scope);
      }),
    variable: (name) =>
      once(`variables('${name.toLowerCase()}')`, () => {
        const direct = name.toLowerCase() === 'copy' ? undefined : property(variables, name);
        if (direct !== undefined) return resolve(direct, scope);
        const loops = property(variables, 'copy');
        const loop = Array.isArray(loops)
          ? (loops as readonly Json[]).find(
              (l) => isPropertyLoop(l) && textAt(l as Object_, 'name').toLowerCase() === name.toLowerCase(),
            )
          : undefined;
        if (loop === undefined) return new Unresolved(`{variables('${name}')}`);
        const made: Record<string, Body> = {};
        repeat(loop as Object_, scope, 0, made);
        return Object.values(made)[0] ?? null;
      }),
    symbol: (name) => {
      const named = object(symbols?.[name]);
      if (named === undefined) return undefined;
      const type = property(named, 'type');
      const of = resolve(property(named, 'name'), scope);
      return typeof type === 'string' ? idOf(type, nameText(of).split('/')) : undefined;
    },
    deployment: (id) => {
      // The group that it is deployed to is not looked at: of several with one name it may be any.
      const own = id.replace(/^.*\/providers\//, '');
      const [found, ...others] = entriesOf(resources).filter((it) => {
        if (textAt(it, 'type').toLowerCase() !== DEPLOYMENT || property(it, 'copy') !== undefined) return false;
        const name = nameText(resolve(property(it, 'name'), scope)).toLowerCase();
        return own === name || own === idOf(DEPLOYMENT, [name]);
      });
      if (found === undefined || others.length > 0) return undefined;
      return once(`deployment('${own}')`, () => outputsOf(found, scope, options));
    },
    ...(options.account === undefined
      ? {}
      : { subscription: { subscriptionId: options.account, id: `/subscriptions/${options.account}` } }),
  };
  return scope;
}

const entriesOf = (resources: Json | undefined): readonly Object_[] =>
  Object.values(resources ?? {})
    .map((r: Json) => object(r))
    .filter((r) => r !== undefined);

/** The template of a nested deployment and the scope that it is evaluated in; undefined if it is not here. */
function nested(
  deployment: Object_,
  scope: LoopScope,
  options: ReadOptions,
): { readonly template: Object_; readonly scope: LoopScope } | undefined {
  const properties = object(property(deployment, 'properties'));
  const template = properties === undefined ? undefined : object(property(properties, 'template'));
  if (properties === undefined || template === undefined) return undefined;
  const evaluation = object(property(properties, 'expressionEvaluationOptions'));
  const inner = evaluation !== undefined && textAt(evaluation, 'scope').toLowerCase() === 'inner';
  if (!inner) return { template, scope };
  const passed = object(property(properties, 'parameters')) ?? {};
  const given = (name: string) => passedValue(object(property(passed, name)), scope);
  return {
    template,
    scope: makeScope(template, given, options, property(template, 'resources'), scope.budget),
  };
}

/** What `reference` gives of a nested deployment: its outputs, as far as its template says them. */
function outputsOf(deployment: Object_, scope: LoopScope, options: ReadOptions): Body {
  const here = nested(deployment, scope, options);
  const pending = new Unresolved(`{reference(${nameText(resolve(property(deployment, 'name'), scope))})}`);
  if (here === undefined) return pending;
  const outputs = object(property(here.template, 'outputs')) ?? {};
  return {
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => {
        const it = object(output) ?? {};
        const value = property(it, 'value');
        const hidden = value === undefined || textAt(it, 'type').toLowerCase().startsWith('secure');
        return [name, { value: hidden ? pending : resolve(value, here.scope) }];
      }),
    ),
  };
}

const nameText = (name: Body): string =>
  name instanceof Unresolved ? name.detail : typeof name === 'string' || typeof name === 'number' ? String(name) : '{}';

/** Where resources are read: what is known of the surroundings. */
interface Place {
  readonly scope: LoopScope;
  readonly pointer: string;
  readonly parent: { readonly type: string; readonly names: readonly string[]; readonly id: string } | undefined;
  /** What the resource's existence depends on, where that is not known. */
  readonly conditional: Unresolved | undefined;
  readonly depth: number;
}

const DEPLOYMENT = 'microsoft.resources/deployments';
/** Properties that say how a resource is deployed, not what it is. */
const DEPLOYS: ReadonlySet<string> = new Set([
  'resources',
  'copy',
  'condition',
  'dependson',
  'comments',
  'scope',
  'existing',
]);

/** Reads one template. */
class Reader {
  readonly #options: ReadOptions;
  readonly #found = new Map<string, NativeResource>();
  readonly #budget = { left: MAX_VALUES };
  #count = 0;
  /** A template that is not here may hold parts of any resource that is. */
  #linked = false;
  constructor(options: ReadOptions) {
    this.#options = options;
  }

  /** What was read; nothing is complete where a part of the template lies elsewhere. */
  result(): readonly NativeResource[] {
    return [...this.#found.values()].map((n) => ({ ...n, complete: !this.#linked }));
  }

  template(template: Object_, given: (name: string) => Body | undefined, pointer: string): void {
    const resources = property(template, 'resources');
    const scope = makeScope(template, given, this.#options, resources, this.#budget);
    this.#resources(resources, {
      scope,
      pointer: `${pointer}/resources`,
      parent: undefined,
      conditional: undefined,
      depth: 0,
    });
  }

  #resources(resources: Json | undefined, place: Place): void {
    if (place.depth > MAX_DEPTH) throw invalid(place.pointer, 'nested too deeply');
    const entries = Array.isArray(resources)
      ? (resources as readonly Json[]).map((r, i) => [String(i), r] as const)
      : Object.entries(object(resources) ?? {});
    for (const [key, value] of entries) {
      const it = object(value);
      if (it !== undefined) this.#looped(it, { ...place, pointer: `${place.pointer}/${pointerSegment(key)}` });
    }
  }

  #looped(resource: Object_, place: Place): void {
    const copy = object(property(resource, 'copy'));
    if (copy === undefined) return this.#conditional(resource, place);
    const name = textAt(copy, 'name');
    const count = resolve(property(copy, 'count'), place.scope);
    if (typeof count !== 'number') {
      const conditional = new Unresolved('{how often a copy loop runs}', count instanceof Unresolved ? count.refs : []);
      return this.#conditional(resource, { ...place, scope: counting(place.scope, name, undefined), conditional });
    }
    if (count < 0 || count > MAX_COPIES)
      throw invalid(`${place.pointer}/copy/count`, `a copy loop runs 0 to ${MAX_COPIES} times`);
    for (let i = 0; i < count; i += 1) this.#conditional(resource, { ...place, scope: counting(place.scope, name, i) });
  }

  #conditional(resource: Object_, place: Place): void {
    if (property(resource, 'existing') === true) return;
    const condition = property(resource, 'condition');
    if (condition === undefined) return this.#resource(resource, place);
    const value = resolve(condition, place.scope);
    if (value === false || (typeof value === 'string' && value.toLowerCase() === 'false')) return;
    const open = value === true || (typeof value === 'string' && value.toLowerCase() === 'true') ? undefined : value;
    const conditional =
      open === undefined ? place.conditional : open instanceof Unresolved ? open : new Unresolved('{condition}');
    this.#resource(resource, { ...place, conditional });
  }

  #resource(resource: Object_, place: Place): void {
    const { scope, parent } = place;
    const said = resolve(property(resource, 'type'), scope);
    if (typeof said !== 'string') return;
    this.#count += 1;
    if (this.#count > MAX_RESOURCES) throw invalid(place.pointer, `more than ${MAX_RESOURCES} resources`);
    const name = resolve(property(resource, 'name'), scope);
    const own = nameText(name).split('/');
    // A type with a namespace below a parent extends it; one without is its child.
    const extendsParent = parent !== undefined && said.split('/')[0]?.includes('.') === true;
    const type = parent === undefined || extendsParent ? said : `${parent.type}/${said}`;
    const names = parent === undefined || extendsParent ? own : [...parent.names, ...own];
    const target = resolve(property(resource, 'scope'), scope);
    const scoped = extendsParent ? parent.id : target === null ? undefined : scopeId(target);
    const { id, type: nativeType } = identify(type, names, scoped);
    const at = { type: nativeType === type.toLowerCase() ? type : nativeType, names, id };

    if (nativeType === DEPLOYMENT && this.#deployment(resource, place)) return;
    const satellite = id.includes('/providers/') || nativeType.split('/').length > 2;
    const body: Record<string, Body> = {};
    for (const [key, value] of Object.entries(resource)) {
      if (!DEPLOYS.has(key.toLowerCase()) && key !== '__proto__') body[key] = resolve(value, scope);
    }
    if (place.conditional !== undefined && satellite) {
      body['properties'] = new Unresolved(
        `whether it is deployed depends on ${place.conditional.detail}`,
        place.conditional.refs,
      );
    }
    this.#emit({
      dialect: 'azure.arm',
      cloud: 'azure',
      type: nativeType,
      id,
      name: own.at(-1) ?? '',
      ...(this.#options.account === undefined ? {} : { account: this.#options.account }),
      ...region(resolve(property(resource, 'location'), scope), this.#options),
      body,
      pointer: place.pointer,
      tags: tagsOf(resolve(property(resource, 'tags'), scope), place.pointer),
      complete: true,
      creates: true,
      orderKey: '',
    });
    const children = property(resource, 'resources');
    if (children !== undefined) {
      this.#resources(children, {
        ...place,
        pointer: `${place.pointer}/resources`,
        parent: at,
        depth: place.depth + 1,
      });
    }
  }

  /** Reads a nested deployment; false if its template is not here. */
  #deployment(resource: Object_, place: Place): boolean {
    const here = nested(resource, place.scope, this.#options);
    if (here === undefined) {
      this.#linked = true;
      return false;
    }
    this.#resources(property(here.template, 'resources'), {
      scope: here.scope,
      pointer: `${place.pointer}/properties/template/resources`,
      parent: undefined,
      conditional: place.conditional,
      depth: place.depth + 1,
    });
    return true;
  }

  /** Keeps a resource; where one id is deployed twice, what differs between the two is not known. */
  #emit(native: NativeResource): void {
    const before = this.#found.get(native.id);
    this.#found.set(
      native.id,
      before === undefined ? native : { ...native, body: agreed(before.body, native.body), tags: before.tags },
    );
  }
}

/** A value passed to a nested deployment or a deployment; a reference to a secret stays unknown. */
function passedValue(passed: Object_ | undefined, scope: LoopScope | undefined): Body | undefined {
  if (passed === undefined) return undefined;
  const value = property(passed, 'value');
  if (value === undefined) return new Unresolved('{a parameter that is read from a vault}');
  return scope === undefined ? value : resolve(value, scope);
}

/** What two bodies of one resource agree on. */
function agreed(a: Body | undefined, b: Body | undefined): Body {
  if (isObject(a) && isObject(b)) {
    const [x, y] = [a, b];
    return Object.fromEntries(
      [...new Set([...Object.keys(x), ...Object.keys(y)])].map((key) => [key, agreed(x[key], y[key])]),
    );
  }
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b)
    ? a
    : new Unresolved('the template deploys it twice, differently');
}

/** The id that a `scope` property names, as this document calls it. */
function scopeId(scope: Body): string {
  if (scope instanceof Unresolved) return (scope.refs[0] ?? scope.detail).toLowerCase();
  const text = nameText(scope).toLowerCase();
  return /^\/(subscriptions|providers|tenants)\//.test(text) ? text : text.replace(/^\/+/, '');
}

/** Id and type of a resource; `a/b/providers/locks` with the name `x/Microsoft.Authorization/l` extends `a/b/x`. */
function identify(
  type: string,
  names: readonly string[],
  scope: string | undefined,
): { readonly id: string; readonly type: string } {
  const lower = type.toLowerCase();
  const at = lower.indexOf('/providers/');
  if (at < 0) {
    const own = idOf(lower, names);
    return { id: scope === undefined || scope === '' ? own : `${scope}/providers/${own}`, type: lower };
  }
  const base = lower.slice(0, at);
  const depth = base.split('/').length - 1;
  const extension = `${(names[depth] ?? '').toLowerCase()}/${lower.slice(at + '/providers/'.length)}`;
  return {
    id: `${idOf(base, names.slice(0, depth))}/providers/${idOf(extension, names.slice(depth + 1))}`,
    type: extension,
  };
}

const region = (location: Body, options: ReadOptions): { readonly region?: string } =>
  typeof location === 'string' && location !== ''
    ? { region: armLocation(location) }
    : options.region === undefined
      ? {}
      : { region: options.region };

const tagsOf = (tags: Body, pointer: string): NativeResource['tags'] =>
  tags === null
    ? {
        state: 'default',
        value: [],
        closed: true,
        because: 'https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources',
        on: '2026-11-25',
      }
    : armTags(tags, `${pointer}/tags`);

/** The template in a document, and the values passed with it: bare, or as the body of a deployment. */
function templateIn(
  document: Json,
): { readonly template: Object_; readonly pointer: string; readonly passed?: Object_ } | undefined {
  const it = object(document);
  if (it === undefined) return undefined;
  if (isTemplate(it)) return { template: it, pointer: '' };
  // What has an id is a resource; a request to deploy has none.
  const properties = it['id'] === undefined ? object(it['properties']) : undefined;
  const template = properties === undefined ? undefined : object(properties['template']);
  if (properties === undefined || template === undefined || !isTemplate(template)) return undefined;
  const passed = object(properties['parameters']);
  return { template, pointer: '/properties/template', ...(passed === undefined ? {} : { passed }) };
}

const isTemplate = (it: Object_): boolean => {
  const schema = it['$schema'];
  const resources = it['resources'];
  const holds = Array.isArray(resources) || isObject(resources);
  return (
    holds &&
    (typeof schema === 'string' ? /deploymentTemplate\.json/i.test(schema) : typeof it['contentVersion'] === 'string')
  );
};

/** An ARM deployment template, or the body of a deployment that holds one. */
export const armTemplate: DocumentForm = {
  id: 'arm-template',
  title: 'Azure Resource Manager template',
  dialect: 'azure.arm',
  detect: (document) => templateIn(document) !== undefined,
  read(document, options) {
    const found = templateIn(document);
    if (found === undefined) return [];
    const given = new Map(Object.entries(options.parameters ?? {}).map(([k, v]) => [k.toLowerCase(), v as Body]));
    const reader = new Reader(options);
    reader.template(
      found.template,
      (name) =>
        given.get(name.toLowerCase()) ??
        passedValue(found.passed === undefined ? undefined : object(property(found.passed, name)), undefined),
      found.pointer,
    );
    return reader.result();
  },
};
