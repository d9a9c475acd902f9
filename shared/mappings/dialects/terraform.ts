/**
 * Terraform and OpenTofu: `terraform show -json` of a saved plan or of the state.
 * https://developer.hashicorp.com/terraform/internals/json-format (read 2026-11-25).
 *
 * One native resource per managed resource that will exist after the apply (a plan) or exists (the state).
 *
 * - **Unknown values.** A plan marks in `after_unknown` what only the apply will tell. Each becomes an `Unresolved` whose
 *   `refs` are the addresses of the resources its expression refers to: through module inputs and outputs, `each.value`,
 *   and, where the expression names a resource that has instances, the instance with the same key. Several addresses of
 *   one type mean that the plan cannot tell which of them it is. `local.x` stays as it is: plans leave locals out.
 * - **Unset values.** A created resource has unknown values for what the configuration leaves to the provider. For scalars
 *   they are `Unresolved.unset`; the blocks and lists of `CHOSEN_BY_PROVIDER` are absent.
 * - **Known values with a reference** (`bucket = aws_s3_bucket.b.bucket`): `extra.refs` maps the pointer of a top-level
 *   attribute to the addresses that it refers to and whose value it really equals (`"${aws_s3_bucket.b.bucket}-logs"` is
 *   not `b`), or whose `id` or `arn` it is; see `terraformOwner`.
 * - **Elsewhere in the document**: `extra.gone` are the types of the deleted resources that named this one, and
 *   `extra.awsKeys` the keys that are AWS's own; see `terraform-surroundings.ts`.
 * - **Sensitive values** stay in the body, because a verdict needs them; `extra.sensitive` lists their pointers into the
 *   source document, and whoever shows evidence hides what stands there.
 */
import { AppError } from '../../model/errors.ts';
import type { Cloud } from '../../model/cloud.ts';
import { entryOf, isObject, type Json, pointerSegment } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import type { DocumentForm, ReadOptions } from '../form.ts';
import type { OwnerRef } from '../mapping.ts';
import { readSurroundings, type Surroundings } from './terraform-surroundings.ts';

type Fields = { readonly [key: string]: unknown };

const DEEPEST = 200;
const MOST_REFS = 64;

/**
 * Blocks and lists that the provider chooses when they are not written (Optional and Computed in its schema), dotted,
 * without indexes. Terraform treats such blocks as attributes, so that even one made dynamically shows as a list of one
 * item with unknown contents, never as unknown as a whole: unknown and not written means not set.
 * (Provider schemas hashicorp/aws 6, hashicorp/azurerm 4, hashicorp/google 7, read 2026-11-25.)
 */
const CHOSEN_BY_PROVIDER: { readonly [type: string]: readonly string[] } = {
  aws_s3_bucket: [
    'cors_rule',
    'grant',
    'lifecycle_rule',
    'logging',
    'object_lock_configuration',
    'replication_configuration',
    'server_side_encryption_configuration',
    'versioning',
    'website',
  ],
  aws_s3_bucket_acl: ['access_control_policy'],
  aws_security_group: ['ingress', 'egress'],
  aws_default_security_group: ['ingress', 'egress'],
  azurerm_storage_account: ['blob_properties', 'network_rules', 'queue_properties', 'routing', 'share_properties'],
  azurerm_network_security_group: ['security_rule'],
  azurerm_mssql_database: ['long_term_retention_policy', 'short_term_retention_policy', 'threat_detection_policy'],
  azurerm_postgresql_flexible_server: ['authentication'],
  azurerm_mysql_flexible_server: ['storage'],
  google_storage_bucket: ['versioning', 'soft_delete_policy', 'website'],
  google_storage_bucket_acl: ['role_entity'],
  google_compute_firewall: ['source_ranges', 'destination_ranges'],
  google_sql_database_instance: [
    'settings.backup_configuration',
    'settings.backup_configuration.backup_retention_settings',
    'settings.insights_config',
    'settings.ip_configuration',
    'settings.location_preference',
  ],
};

/** The attribute that is the provider's name of a resource, where it is not `name`. */
const NAME_ATTRIBUTE: { readonly [type: string]: string } = {
  aws_s3_bucket: 'bucket',
  aws_db_instance: 'identifier',
  aws_rds_cluster: 'cluster_identifier',
  aws_rds_cluster_instance: 'identifier',
  google_project_iam_audit_config: 'project',
};

/** Settings of an account: their name is that of the provider that makes them, which is how resources of the same account find them. */
const OF_THE_ACCOUNT: ReadonlySet<string> = new Set(['aws_s3_account_public_access_block']);

/** Where labels stand, where it is not one of the usual attributes. */
const LABELS_AT: { readonly [type: string]: readonly string[] } = {
  google_sql_database_instance: ['settings', '0', 'user_labels'],
};

/** What another resource's attribute may equal, when the expression does not say which one it means. */
const IDENTIFYING = ['id', 'name', 'arn', 'bucket', 'identifier', 'cluster_identifier', 'self_link'] as const;

const CLOUDS: readonly (readonly [prefix: string, cloud: Cloud])[] = [
  ['aws_', 'aws'],
  ['awscc_', 'aws'],
  ['azurerm_', 'azure'],
  ['azapi_', 'azure'],
  ['azuread_', 'azure'],
  ['google_', 'gcp'],
  ['kubernetes_', 'kubernetes'],
];

/** Types of other providers (`random_pet`) are of no cloud; they are only ever counted, and never reach a policy. */
const cloudOf = (type: string): Cloud => CLOUDS.find(([prefix]) => type.startsWith(prefix))?.[1] ?? 'ci';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const fields = (value: unknown): Fields => (isObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);
const strings = (value: unknown): readonly string[] =>
  list(value).filter((item): item is string => typeof item === 'string');

const reject = (reason: string, pointer: string): AppError =>
  new AppError('EVENT_INVALID', reason, { details: { pointer, reason } });

// --- addresses and references ---------------------------------------------------------------------------------------

/** The instance key at the start of `rest` (`[0]`, `["a"]`), or ''. Keys are HCL strings: a quote inside is escaped. */
const instanceKey = (rest: string): string => /^\[(?:\d+|"(?:[^"\\]|\\.)*")\]/.exec(rest)?.[0] ?? '';
/** The identifier at the start of `rest`, or ''. */
const identifier = (rest: string): string => /^[\p{L}\p{N}_-]+/u.exec(rest)?.[0] ?? '';

/** A reference that another one of the same expression spells out further (`aws_vpc.a` beside `aws_vpc.a.id`) says nothing new. */
const mostSpecific = (references: readonly string[]): readonly string[] =>
  references.filter(
    (short) =>
      !references.some(
        (long) => long.length > short.length && long.startsWith(short) && /[.[]/.test(long.charAt(short.length)),
      ),
  );

/** An instance of a module. `key` is its instance key (`[0]`, `["a"]`, ''); the root has no parent. */
interface Scope {
  readonly prefix: string;
  readonly key: string;
  readonly module: Fields;
  readonly parent: Scope | undefined;
  readonly call: Fields;
}

/** An instance of a resource, as references need it. */
interface Instance {
  readonly address: string;
  readonly values: unknown;
}

/** The address of something that passes on what it is given: module, resource, key. */
const PASSES_ON =
  /^((?:module\.[^.[]+(?:\[[^\]]*\])?\.)*)((?:data\.[^.[]+|terraform_data|null_resource|time_sleep)\.[^.[]+)(\[.*\])?$/;

type Instances = ReadonlyMap<string, unknown>;
const NO_INSTANCES: Instances = new Map();

/** Where a reference is written: the module instance, and the resource or call whose `each` it may use. */
interface Site {
  readonly scope: Scope;
  readonly key: string;
  readonly forEach: unknown;
  /** All instances of the resource or call, by key. */
  readonly siblings: Instances;
}

/** An index that is the own key: `[each.key]`, `[count.index]`. What it is computed to (`[each.value]`) is not told. */
const isIndexedByOwnKey = (references: readonly string[]): boolean =>
  references.some((r) => r === 'each.key' || r === 'count.index') && !references.some((r) => /^each\.value\b/.test(r));

/** A reference that was followed to a resource; `attribute` is '' where the expression does not name one. */
interface Target {
  readonly address: string;
  readonly attribute: string;
}

const referencesOf = (expression: unknown): readonly string[] => mostSpecific(strings(fields(expression).references));

/** The configuration of a plan: which expression a value comes from, and which resources an expression means. */
class Configuration {
  readonly known: boolean;
  readonly #root: Scope;
  readonly #providers: Fields;
  readonly #scopes = new Map<string, Scope>();
  readonly #resources = new WeakMap<Fields, Map<string, Fields>>();
  /** Address without the instance key -> instance key -> the instance. */
  readonly #instances = new Map<string, Map<string, Instance>>();
  readonly #modules = new Map<string, Map<string, Scope>>();
  /** Instances -> those that ask for them -> each finds one with its own key. */
  readonly #allFind = new WeakMap<Instances, WeakMap<Instances, boolean>>();
  #identified: Map<string, string[]> | undefined;

  constructor(configuration: unknown) {
    this.known = isObject(configuration) && isObject(configuration.root_module);
    this.#providers = fields(fields(configuration).provider_config);
    this.#root = {
      prefix: '',
      key: '',
      module: fields(fields(configuration).root_module),
      parent: undefined,
      call: {},
    };
    this.#scopes.set('', this.#root);
  }

  /** The module instance at an address (`module.a[0].module.b`); '' is the root. */
  scope(address: string): Scope {
    const known = this.#scopes.get(address);
    if (known !== undefined) return known;
    let scope = this.#root;
    let rest = address;
    while (rest.startsWith('module.')) {
      const name = identifier(rest.slice(7));
      const key = instanceKey(rest.slice(7 + name.length));
      scope = this.#child(scope, name, key);
      rest = rest.slice(7 + name.length + key.length + 1);
    }
    this.#scopes.set(address, scope);
    return scope;
  }

  #child(parent: Scope, name: string, key: string): Scope {
    const prefix = `${parent.prefix}module.${name}${key}.`;
    const known = this.#scopes.get(prefix);
    if (known !== undefined) return known;
    const call = fields(fields(parent.module.module_calls)[name]);
    const child: Scope = { prefix, key, module: fields(call.module), parent, call };
    this.#scopes.set(prefix, child);
    const base = `${parent.prefix}module.${name}`;
    const instances = this.#modules.get(base) ?? new Map<string, Scope>();
    this.#modules.set(base, instances.set(key, child));
    return child;
  }

  /** The configuration of a resource; undefined if it is not in the document. */
  resource(scope: Scope, address: string): Fields | undefined {
    let index = this.#resources.get(scope.module);
    if (index === undefined) {
      index = new Map();
      for (const resource of list(scope.module.resources)) {
        const at = isObject(resource) ? text(resource.address) : undefined;
        if (at !== undefined) index.set(at, resource as Fields);
      }
      this.#resources.set(scope.module, index);
    }
    return index.get(address);
  }

  /** The configuration of a provider, by the key that resources name; undefined if the document does not have it. */
  provider(key: string | undefined): Fields | undefined {
    const provider = key === undefined ? undefined : this.#providers[key];
    return isObject(provider) ? provider : undefined;
  }

  /** Makes a resource known, so that references find its instances. */
  add(base: string, instance: Instance): void {
    const key = instance.address.startsWith(base) ? instance.address.slice(base.length) : '';
    const instances = this.#instances.get(base);
    if (instances === undefined) this.#instances.set(base, new Map([[key, instance]]));
    else instances.set(key, instance);
  }

  /** All instances of a resource, by key. */
  instances(base: string): Instances {
    return this.#instances.get(base) ?? NO_INSTANCES;
  }

  instance(address: string): Instance | undefined {
    const whole = this.#instances.get(address)?.get('');
    if (whole !== undefined || !address.endsWith(']')) return whole;
    const open = address.endsWith('"]') ? address.lastIndexOf('["') : address.lastIndexOf('[');
    return this.#instances.get(address.slice(0, open))?.get(address.slice(open));
  }

  /** The resources whose `id` or `arn` this is: what exists already is often named by it, and locals hide references. */
  identified(value: string): readonly string[] {
    if (this.#identified === undefined) {
      this.#identified = new Map();
      for (const instances of this.#instances.values()) {
        for (const { address, values } of instances.values()) {
          for (const id of new Set([fields(values).id, fields(values).arn])) {
            if (typeof id !== 'string' || id === '') continue;
            const others = this.#identified.get(id);
            if (others === undefined) this.#identified.set(id, [address]);
            else if (others.length < MOST_REFS) others.push(address);
          }
        }
      }
    }
    return this.#identified.get(value) ?? [];
  }

  /** The resources that a list of references means, in their order, each once. */
  targets(references: readonly string[], site: Site): readonly Target[] {
    const found = new Map<string, Target>();
    this.#follow(references, site, found, new Set(), 0);
    return [...found.values()];
  }

  /**
   * What stands behind references to something that only passes values on: a data source, a trigger. The document does
   * not tell which of its values it gives, so any resource that those refer to may be meant.
   */
  behind(references: readonly string[], site: Site, visited = new Set<string>()): readonly string[] {
    return this.targets(references, site).flatMap(({ address }) => {
      const [, module, resource = '', key = ''] = PASSES_ON.exec(address) ?? [];
      if (module === undefined || visited.size > MOST_REFS || visited.has(address)) return [];
      visited.add(address);
      const scope = this.scope(module.slice(0, -1));
      const config = this.resource(scope, resource);
      const from: Site = {
        scope,
        key,
        forEach: config?.for_each_expression,
        siblings: this.instances(`${module}${resource}`),
      };
      const inside = new Set<string>();
      collect(config?.expressions, inside, 0);
      const next = mostSpecific([...inside]);
      return [...this.targets(next, from).map((t) => t.address), ...this.behind(next, from, visited)];
    });
  }

  #follow(
    references: readonly string[],
    site: Site,
    found: Map<string, Target>,
    visited: Set<string>,
    depth: number,
    ownKey = isIndexedByOwnKey(references),
  ): void {
    if (depth > DEEPEST) return;
    const sameKey = ownKey ? site.key : '';
    for (const reference of references) {
      if (found.size >= MOST_REFS || visited.size > 1000) return;
      const visit = `${site.scope.prefix} ${site.key} ${reference}`;
      if (visited.has(visit)) continue;
      visited.add(visit);
      this.#followOne(reference, site, found, visited, depth + 1, sameKey);
    }
  }

  #followOne(
    reference: string,
    site: Site,
    found: Map<string, Target>,
    visited: Set<string>,
    depth: number,
    sameKey: string,
  ): void {
    const { scope } = site;
    const head = identifier(reference);
    const rest = reference.slice(head.length + 1);
    switch (head) {
      // What these give is always known in a plan: an unknown value never comes from them.
      case 'count':
      case 'path':
      case 'terraform':
      case 'self':
        return;
      case 'each':
        // Instances made for those of another resource have their keys.
        if (identifier(rest) === 'value') this.#follow(referencesOf(site.forEach), site, found, visited, depth, true);
        return;
      case 'var': {
        if (scope.parent === undefined) return;
        const expression = fields(scope.call.expressions)[identifier(rest)];
        const caller: Site = {
          scope: scope.parent,
          key: scope.key,
          forEach: scope.call.for_each_expression,
          siblings: this.#modules.get(scope.prefix.slice(0, -1 - scope.key.length)) ?? NO_INSTANCES,
        };
        this.#follow(referencesOf(expression), caller, found, visited, depth);
        return;
      }
      case 'local':
        add(found, { address: `${scope.prefix}local.${identifier(rest)}`, attribute: '' });
        return;
      case 'module': {
        const name = identifier(rest);
        const key = instanceKey(rest.slice(name.length));
        const output = identifier(rest.slice(name.length + key.length + 1));
        for (const child of this.#calls(site, name, key, sameKey)) {
          const outputs = fields(child.module.outputs);
          for (const one of output === '' ? Object.values(outputs) : [outputs[output]]) {
            const inside = { scope: child, key: '', forEach: undefined, siblings: NO_INSTANCES };
            this.#follow(referencesOf(fields(one).expression), inside, found, visited, depth);
          }
        }
        return;
      }
      default: {
        const data = head === 'data' || head === 'ephemeral';
        const type = data ? identifier(rest) : head;
        const afterType = data ? rest.slice(type.length + 1) : rest;
        const name = identifier(afterType);
        if (type === '' || name === '') return;
        const key = instanceKey(afterType.slice(name.length));
        const attribute = identifier(afterType.slice(name.length + key.length).replace(/^\./, ''));
        const base = `${scope.prefix}${data ? `${head}.` : ''}${type}.${name}`;
        const instances = this.#instances.get(base);
        if (key !== '' || instances === undefined) add(found, { address: `${base}${key}`, attribute });
        else {
          const same = this.#withSameKey(instances, sameKey, site) ?? instances.get('');
          if (same !== undefined) add(found, { address: same.address, attribute });
          else for (const one of instances.values()) add(found, { address: one.address, attribute });
        }
      }
    }
  }

  /** The instances of a module that a reference may mean: the one it names, the one with the same key, or all. */
  #calls(site: Site, name: string, key: string, sameKey: string): readonly Scope[] {
    const instances = this.#modules.get(`${site.scope.prefix}module.${name}`);
    const same = instances === undefined || key !== '' ? undefined : this.#withSameKey(instances, sameKey, site);
    const one = instances?.get(key) ?? same;
    if (one !== undefined) return [one];
    return key === '' && instances !== undefined ? [...instances.values()] : [this.#child(site.scope, name, key)];
  }

  /** The instance with the own key, where all that ask find one so: else the index is computed from the key. */
  #withSameKey<T>(instances: ReadonlyMap<string, T>, key: string, { siblings }: Site): T | undefined {
    if (key === '' || !instances.has(key)) return undefined;
    const known = this.#allFind.get(instances) ?? new WeakMap<Instances, boolean>();
    this.#allFind.set(instances, known);
    const all = known.get(siblings) ?? [...siblings.keys()].every((k) => instances.has(k));
    known.set(siblings, all);
    return all ? instances.get(key) : undefined;
  }
}

function add(found: Map<string, Target>, target: Target): void {
  if (found.size < MOST_REFS && !found.has(target.address)) found.set(target.address, target);
}

// --- the values of one resource -------------------------------------------------------------------------------------

/** What the configuration writes at a place of a resource: its references, and whether it writes anything there at all. */
interface Written {
  readonly references: readonly string[];
  readonly unset: boolean;
}

/**
 * What is written at `path` in the expressions of a resource. Blocks are lists there; those of a set are in another order
 * than in the values, so with several blocks what any of them writes counts.
 */
function written(expressions: unknown, path: readonly string[]): Written {
  let nodes: readonly unknown[] = [expressions];
  for (const [depth, segment] of path.entries()) {
    const expression = nodes.find(
      (node) => isObject(node) && (Array.isArray(node.references) || 'constant_value' in node),
    );
    if (expression !== undefined) break;
    if (nodes.every(Array.isArray) && /^\d+$/.test(segment)) {
      nodes = nodes.flatMap((node) => list(node));
      continue;
    }
    const next = nodes.flatMap((node) => (isObject(node) && Object.hasOwn(node, segment) ? [node[segment]] : []));
    // Nothing is written here. That says something about the last step only: blocks that Terraform treats as attributes,
    // and dynamic ones, are not among the expressions, and hide what is written inside them.
    if (next.length === 0) return { references: [], unset: depth === path.length - 1 };
    nodes = next;
  }
  const references = new Set<string>();
  collect(nodes, references, 0);
  return { references: mostSpecific([...references]), unset: false };
}

/** All references inside an expression or a block. */
function collect(node: unknown, into: Set<string>, depth: number): void {
  if (depth > DEEPEST || into.size >= MOST_REFS) return;
  if (Array.isArray(node)) for (const item of node) collect(item, into, depth + 1);
  else if (isObject(node)) {
    if (Array.isArray(node.references)) for (const reference of strings(node.references)) into.add(reference);
    else for (const value of Object.values(node)) collect(value, into, depth + 1);
  }
}

type Unknown = (path: readonly string[]) => Unresolved | null;

/**
 * The value with `make(path)` wherever `unknown` is true. Copies only what changes: the document is not touched, and what
 * is known is shared with it.
 */
function overlay(value: unknown, unknown: unknown, make: Unknown, path: string[]): Body {
  if (unknown === true) return make(path);
  if (typeof unknown !== 'object' || unknown === null) return (value ?? null) as Body; // parsed JSON
  if (path.length > DEEPEST) throw reject('nested too deeply', '');
  let copy: Record<string, Body> | Body[] | undefined;
  for (const key in unknown) {
    // Arrays of the plan are walked by index; a key that would set a prototype is no attribute of any resource.
    if (!Object.hasOwn(unknown, key) || key === '__proto__') continue;
    const below = (unknown as Fields)[key];
    if (below !== true && (typeof below !== 'object' || below === null)) continue;
    const old = typeof value === 'object' && value !== null ? (value as Fields)[key] : undefined;
    path.push(key);
    const now = overlay(old, below, make, path);
    path.pop();
    if (now === (old ?? null)) continue;
    copy ??= (Array.isArray(unknown) ? [...(list(value) as Body[])] : { ...(isObject(value) ? value : {}) }) as Record<
      string,
      Body
    >;
    (copy as Record<string, Body>)[key] = now;
  }
  return copy ?? ((value ?? null) as Body);
}

/** The pointers (below `pointer`) of what a tree of marks says is sensitive. */
function sensitivePointers(marks: unknown, pointer: string, into: string[], depth = 0): string[] {
  if (marks === true) into.push(pointer);
  else if (typeof marks === 'object' && marks !== null && depth < DEEPEST) {
    for (const key in marks) {
      if (Object.hasOwn(marks, key)) {
        sensitivePointers((marks as Fields)[key], `${pointer}/${pointerSegment(key)}`, into, depth + 1);
      }
    }
  }
  return into;
}

// --- what a provider's configuration says ---------------------------------------------------------------------------

interface Provider {
  readonly region: string | undefined;
  readonly account: string | undefined;
  /** Tags or labels that it gives every resource; 'unknown' if the document does not say. */
  readonly defaults: { readonly [key: string]: string } | 'unknown';
}

const constant = (expressions: Fields, name: string): unknown => fields(expressions[name]).constant_value;
const ROLE_ARN = /^arn:[a-z-]+:iam::(\d{12}):role\//;

function readProvider(provider: Fields | undefined): Provider {
  if (provider === undefined) return { region: undefined, account: undefined, defaults: 'unknown' };
  const expressions = fields(provider.expressions);
  const allowed = strings(constant(expressions, 'allowed_account_ids'));
  const role = text(constant(fields(list(expressions.assume_role)[0]), 'role_arn'));
  const source =
    expressions.default_labels ??
    (expressions.default_tags === undefined ? undefined : fields(list(expressions.default_tags)[0]).tags);
  const defaults = source === undefined ? {} : fields(source).constant_value;
  return {
    region: text(constant(expressions, 'region')) ?? text(constant(expressions, 'location')),
    account:
      text(constant(expressions, 'subscription_id')) ??
      text(constant(expressions, 'project')) ??
      (allowed.length === 1 ? allowed[0] : undefined) ??
      (role === undefined ? undefined : ROLE_ARN.exec(role)?.[1]),
    defaults:
      isObject(defaults) && Object.values(defaults).every((v) => typeof v === 'string')
        ? (defaults as { readonly [key: string]: string })
        : 'unknown',
  };
}

// --- resources ------------------------------------------------------------------------------------------------------

/** A managed resource as the document writes it. */
interface Stated {
  readonly address: string;
  readonly module: string;
  readonly type: string;
  readonly name: string;
  readonly values: unknown;
  readonly unknown: unknown;
  readonly sensitive: unknown;
  readonly creates: boolean;
  readonly pointer: string;
}

const valueAt = (body: Body, path: readonly string[]): Body | undefined => {
  let value: Body | undefined = body;
  for (const segment of path) {
    if (value instanceof Unresolved || typeof value !== 'object' || value === null) return value ?? undefined;
    value = (value as { readonly [key: string]: Body })[segment];
  }
  return value;
};

type Tags = NativeResource['tags'];

function readTags(type: string, body: Body, pointer: string, provider: Provider): Tags {
  const all = (value: Body | undefined): value is { readonly [key: string]: Body } => isObject(value);
  const special = entryOf(LABELS_AT, type);
  const places: readonly (readonly string[])[] =
    special !== undefined ? [special] : [['tags_all'], ['effective_labels'], ['terraform_labels']];
  const pairs = (value: { readonly [key: string]: Body }, at: string, closed: boolean): Tags => {
    const tags = Object.entries(value).flatMap(([key, v]) => (typeof v === 'string' ? [{ key, value: v }] : []));
    return { state: 'known', value: tags, closed: closed && tags.length === Object.keys(value).length, at };
  };
  for (const path of places) {
    const value = valueAt(body, path);
    if (all(value)) return pairs(value, `${pointer}/${path.join('/')}`, true);
  }
  const attribute = ['tags', 'labels', 'resource_labels', 'user_labels'].find((name) => {
    const value = valueAt(body, [name]);
    return value !== undefined && value !== null;
  });
  const own = attribute === undefined ? undefined : valueAt(body, [attribute]);
  const at = `${pointer}/${attribute ?? 'tags'}`;
  // `tags_all` is unknown also where nothing is written; only the provider's default tags could then add any.
  const merged = places.some((path) => valueAt(body, path) instanceof Unresolved) ? provider.defaults : {};
  if (own instanceof Unresolved && !own.unset) return { state: 'unknown', why: 'unresolved', at, detail: own.detail };
  const mine = all(own) ? own : {};
  if (merged !== 'unknown') return pairs({ ...merged, ...mine }, at, true);
  return Object.keys(mine).length > 0
    ? pairs(mine, at, false)
    : { state: 'unknown', why: 'unresolved', at, detail: 'the default tags of the provider are not known' };
}

const TAGS_AT =
  /\/(?:tags|tags_all|labels|effective_labels|terraform_labels|resource_labels|user_labels)(?:\/([^/]+))?$/;

/**
 * The tags without those that are sensitive, which nobody is to see: the others are then not all there are. A provider
 * repeats its tags in `tags_all` without the mark, so that what is sensitive in one place is in all.
 */
function withoutSensitive(tags: Tags, sensitive: readonly string[]): Tags {
  if (tags.state === 'unknown' || sensitive.length === 0) return tags;
  const hidden = new Set<string>();
  for (const pointer of sensitive) {
    const match = TAGS_AT.exec(pointer);
    if (match === null) continue;
    if (match[1] === undefined) return { state: 'unknown', why: 'unresolved', at: pointer, detail: 'sensitive' };
    hidden.add(match[1].replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  const value = tags.value.filter((tag) => !hidden.has(tag.key));
  return value.length === tags.value.length ? tags : { ...tags, value, closed: false };
}

const ARN = /^arn:[a-z-]+:[a-z0-9-]+:([a-z0-9-]*):(\d{12}):/;
const SUBSCRIPTION = /^\/subscriptions\/([0-9a-fA-F-]{36})(?:\/|$)/;

function place(cloud: Cloud, body: Body, provider: Provider, options: ReadOptions) {
  const at = (name: string): string | undefined => text(valueAt(body, [name]));
  const unwritten = (name: string): boolean => {
    const value = valueAt(body, [name]);
    return value === undefined || value === null || (value instanceof Unresolved && value.unset);
  };
  const arn = ARN.exec(at('arn') ?? '');
  let account: string | undefined;
  let region = at('region') ?? at('location');
  if (cloud === 'aws') {
    const owner = [at('account_id'), at('owner_id'), arn?.[2]].find((id) => id !== undefined && /^\d{12}$/.test(id));
    account = owner ?? (unwritten('account_id') ? provider.account : undefined);
    region ??= text(arn?.[1]) ?? (unwritten('region') ? provider.region : undefined);
  } else if (cloud === 'azure') {
    account = SUBSCRIPTION.exec(at('id') ?? '')?.[1]?.toLowerCase() ?? provider.account;
    region = region?.toLowerCase().replaceAll(' ', '');
  } else if (cloud === 'gcp') {
    account = at('project') ?? (unwritten('project') ? provider.account : undefined);
    // A zone lies in the region that it is named after.
    region = (region ?? at('zone'))?.replace(/^([a-z]+-[a-z]+\d+)-[a-z]$/, '$1');
  }
  return { account: account ?? options.account, region: region ?? options.region };
}

/**
 * Within what a resource's name is unique, as far as the document says: an account, and in it a region (AWS) or a resource
 * group (Azure). Names of buckets are unique in the world, and what belongs to one may be made from anywhere.
 */
function within(cloud: Cloud, type: string, body: Body, account: string | undefined, region: string | undefined) {
  const group = cloud === 'azure' ? text(valueAt(body, ['resource_group_name'])) : undefined;
  if ((cloud !== 'aws' && cloud !== 'azure') || type.startsWith('aws_s3_')) return {};
  return {
    within: {
      ...(account === undefined ? {} : { account }),
      ...(cloud === 'azure' || region === undefined ? {} : { region }),
      ...(group === undefined ? {} : { group: group.toLowerCase() }),
    },
  };
}

/** Makes the native resources of what a document writes. Linear in the document. */
function makeNatives(
  resources: readonly Stated[],
  configuration: Configuration,
  complete: boolean,
  options: ReadOptions,
  { awsKeys, gone }: Surroundings,
): readonly NativeResource[] {
  const providers = new Map<string, Provider>();
  const providerOf = (key: string | undefined): Provider => {
    const known = providers.get(key ?? '');
    if (known !== undefined) return known;
    const provider = readProvider(configuration.provider(key));
    providers.set(key ?? '', provider);
    return provider;
  };
  for (const { address, module, type, name, values } of resources) {
    configuration.add(`${configuration.scope(module).prefix}${type}.${name}`, { address, values });
  }
  return resources.map((resource): NativeResource => {
    const { address, type, pointer } = resource;
    const scope = configuration.scope(resource.module);
    const config = configuration.resource(scope, `${type}.${resource.name}`);
    const base = `${scope.prefix}${type}.${resource.name}`;
    const key = address.startsWith(base) ? address.slice(base.length) : '';
    const site: Site = { scope, key, forEach: config?.for_each_expression, siblings: configuration.instances(base) };
    const chosen = entryOf(CHOSEN_BY_PROVIDER, type);

    const unknown: Unknown = (path) => {
      if (config === undefined) return PLAIN_UNKNOWN;
      const { references, unset } = written(config.expressions, path);
      if (unset && resource.creates) {
        return chosen?.includes(path.filter((s) => !/^\d+$/.test(s)).join('.')) === true ? null : UNSET;
      }
      if (references.length === 0) return PLAIN_UNKNOWN;
      const refs = configuration.targets(references, site).map((t) => t.address);
      return new Unresolved('known only after apply', refs);
    };
    const body = overlay(resource.values, resource.unknown, unknown, []);
    const cloud = cloudOf(type);
    const providerKey = text(config?.provider_config_key);
    const provider = providerOf(providerKey);
    const name = OF_THE_ACCOUNT.has(type)
      ? providerKey
      : text(valueAt(body, [entryOf(NAME_ATTRIBUTE, type) ?? 'name']));
    const { account, region } = place(cloud, body, provider, options);
    const sensitive =
      typeof resource.sensitive === 'object' || resource.sensitive === true
        ? sensitivePointers(resource.sensitive, pointer, [])
        : [];
    return {
      dialect: 'terraform',
      cloud,
      type,
      id: address,
      ...(name === undefined ? {} : { name }),
      ...(account === undefined ? {} : { account }),
      ...(region === undefined ? {} : { region }),
      body,
      pointer,
      tags: withoutSensitive(readTags(type, body, pointer, provider), sensitive),
      complete,
      creates: resource.creates,
      orderKey: '',
      extra: {
        /** Computed when it is looked at: only satellites and dependencies ask. */
        get refs(): Body {
          return knownRefs(body, config, configuration, site);
        },
        /** By attribute that is not known yet: what stands behind what it refers to. */
        get behind(): Body {
          return refsBehind(body, config, configuration, site);
        },
        /** By attribute that is not known yet: the name of the only resource that it refers to. */
        get names(): Body {
          return namesOf(body, configuration);
        },
        /** The attributes and blocks that the configuration sets; undefined where the document has no configuration. */
        get written(): Body {
          return config === undefined ? null : Object.keys(fields(config.expressions));
        },
        /** The types of the deleted resources that named it. */
        get gone(): Body {
          return resource.creates ? [] : gone(resource.values);
        },
        ...within(cloud, type, body, account, region),
        ...(awsKeys.length === 0 ? {} : { awsKeys }),
        ...(providerKey === undefined ? {} : { provider: providerKey }),
        ...(sensitive.length === 0 ? {} : { sensitive }),
      },
    };
  });
}

const PLAIN_UNKNOWN = new Unresolved('known only after apply');
const UNSET = new Unresolved('not set; the provider chooses it', [], true);

/** For each attribute that is one resource's, and not known yet: that resource's name, where that is known. */
function namesOf(body: Body, configuration: Configuration): Body {
  const names: Record<string, string> = {};
  for (const [attribute, value] of Object.entries(fields(body))) {
    const [ref, ...others] = value instanceof Unresolved ? value.refs : [];
    if (ref === undefined || others.length > 0) continue;
    const type = /(?:^|\.)([a-z0-9_]+)\.[^.[\]]+(?:\[.*\])?$/.exec(ref)?.[1] ?? '';
    const name = text(fields(configuration.instance(ref)?.values)[entryOf(NAME_ATTRIBUTE, type) ?? 'name']);
    if (name !== undefined) names[`/${pointerSegment(attribute)}`] = name;
  }
  return names;
}

/** For each attribute that is not known yet: what stands behind what it refers to, where something does. */
function refsBehind(body: Body, config: Fields | undefined, configuration: Configuration, site: Site): Body {
  const refs: Record<string, readonly string[]> = {};
  for (const [attribute, value] of Object.entries(fields(body))) {
    if (!(value instanceof Unresolved)) continue;
    const addresses = configuration.behind(referencesOf(fields(config?.expressions)[attribute]), site);
    if (addresses.length > 0) refs[`/${pointerSegment(attribute)}`] = [...new Set(addresses)];
  }
  return refs;
}

/** For each attribute with a known string: the resources it refers to, and whose value it really equals. */
function knownRefs(body: Body, config: Fields | undefined, configuration: Configuration, site: Site): Body {
  const refs: Record<string, readonly string[]> = {};
  for (const [attribute, value] of Object.entries(fields(body))) {
    if (typeof value !== 'string' || value === '') continue;
    const expression = fields(config?.expressions)[attribute];
    const equal = configuration.targets(referencesOf(expression), site).filter((target) => {
      const values = fields(configuration.instance(target.address)?.values);
      return target.attribute === ''
        ? IDENTIFYING.some((name) => values[name] === value)
        : values[target.attribute] === value;
    });
    const addresses = equal.length > 0 ? equal.map((t) => t.address) : configuration.identified(value);
    if (addresses.length > 0) refs[`/${pointerSegment(attribute)}`] = addresses;
  }
  return refs;
}

const listed = (values: Body | undefined, item: string): boolean => list(values).includes(item);

/**
 * The plan deletes a separate resource of this type, which set what stands in an attribute of this one: the attribute
 * still shows how it was, unless the configuration writes it.
 */
export const isGone = ({ extra }: NativeResource, satellite: string, attribute?: string): boolean =>
  listed(extra?.gone, satellite) && !(attribute !== undefined && listed(extra?.written, attribute));

/** The configuration writes the attribute or block; false where the document has no configuration. */
export const isWritten = ({ extra }: NativeResource, attribute: string): boolean => listed(extra?.written, attribute);

/** A local, whose expression plans leave out. */
const isLocal = (ref: string): boolean => /(?:^|\.)local\.[\w-]+$/.test(ref);

/**
 * Whom a satellite names in an attribute (`/bucket`): the addresses it refers to, or, for a literal, the name. `open` where
 * the plan hides what it refers to. Undefined if the attribute is not there.
 */
export function terraformOwner(native: NativeResource, pointer: string): OwnerRef | undefined {
  const value = valueAt(native.body, pointer.slice(1).split('/'));
  if (value instanceof Unresolved) {
    const behind = isObject(native.extra?.behind) ? strings(native.extra.behind[pointer]) : [];
    const refs = [...value.refs, ...behind];
    // Of very many not all are followed.
    if (refs.length === 0 || refs.length >= MOST_REFS || refs.some(isLocal)) return { refs, open: true };
    return behind.length === 0 ? { refs } : { refs, others: true };
  }
  const name = text(value);
  if (name === undefined) return undefined;
  const refs = native.extra?.refs;
  const known = isObject(refs) ? strings(refs[pointer]) : [];
  return known.length > 0 ? { refs: known } : { name };
}

// --- the documents --------------------------------------------------------------------------------------------------

const GONE: ReadonlySet<unknown> = new Set(['delete', 'forget', 'read']);

function readChange(change: unknown, pointer: string): Stated | undefined {
  if (!isObject(change) || (change.mode ?? 'managed') !== 'managed' || change.deposed !== undefined) return undefined;
  const { actions, after, after_unknown, after_sensitive } = fields(change.change);
  const address = text(change.address);
  const type = text(change.type);
  const name = text(change.name);
  if (address === undefined || type === undefined || name === undefined || !Array.isArray(actions)) {
    throw reject('a resource change needs address, type, name and change.actions', pointer);
  }
  if (actions.every((action) => GONE.has(action))) return undefined;
  return {
    address,
    module: text(change.module_address) ?? '',
    type,
    name,
    values: after,
    unknown: after_unknown,
    sensitive: after_sensitive,
    creates: actions.includes('create'),
    pointer: `${pointer}/change/after`,
  };
}

/** The managed resources below a module of `planned_values` or `values`. */
function readModules(root: unknown, pointer: string): readonly Stated[] {
  const found: Stated[] = [];
  const modules: { readonly module: Fields; readonly pointer: string }[] = [{ module: fields(root), pointer }];
  for (let next = modules.pop(); next !== undefined; next = modules.pop()) {
    const { module, pointer: at } = next;
    for (const [index, resource] of list(module.resources).entries()) {
      if (!isObject(resource) || (resource.mode ?? 'managed') !== 'managed') continue;
      const address = text(resource.address);
      const type = text(resource.type);
      const name = text(resource.name);
      if (address === undefined || type === undefined || name === undefined) {
        throw reject('a resource needs address, type and name', `${at}/resources/${index}`);
      }
      found.push({
        address,
        module: text(module.address) ?? '',
        type,
        name,
        values: resource.values,
        unknown: undefined,
        sensitive: resource.sensitive_values,
        creates: false,
        pointer: `${at}/resources/${index}/values`,
      });
    }
    const children = list(module.child_modules);
    for (let i = children.length - 1; i >= 0; i--) {
      modules.push({ module: fields(children[i]), pointer: `${at}/child_modules/${i}` });
    }
  }
  return found;
}

function checkVersion(version: unknown): void {
  if (!/^[01]\.\d+/.test(text(version) ?? '')) {
    throw reject(`format_version ${String(version).slice(0, 20)} is not known; 0.x and 1.x are`, '/format_version');
  }
}

const versioned = (document: Json): document is { readonly [key: string]: Json } =>
  isObject(document) && typeof document.format_version === 'string';

/** `terraform show -json` (or `tofu show -json`) of a saved plan. */
export const terraformPlan: DocumentForm = {
  id: 'terraform-plan',
  title: 'Terraform or OpenTofu plan (show -json)',
  dialect: 'terraform',
  detect: (document) => versioned(document) && ('resource_changes' in document || 'planned_values' in document),
  read: (document, options) => {
    const plan = fields(document);
    checkVersion(plan.format_version);
    // A plan that failed half-way says nothing about what it did not reach.
    if (plan.errored === true) throw reject('the plan failed and is not complete: plan again', '/errored');
    const resources: Stated[] = [];
    const keep = (change: unknown, pointer: string): void => {
      const read = readChange(change, pointer);
      if (read !== undefined) resources.push(read);
    };
    list(plan.resource_changes).forEach((change, i) => {
      keep(change, `/resource_changes/${i}`);
    });
    list(plan.deferred_changes).forEach((deferred, i) => {
      keep(fields(deferred).resource_change, `/deferred_changes/${i}/resource_change`);
    });
    if (plan.resource_changes === undefined && plan.deferred_changes === undefined) {
      resources.push(...readModules(fields(plan.planned_values).root_module, '/planned_values/root_module'));
    }
    // `complete` is false where the plan leaves something out: a targeted or deferred part may bring more satellites.
    const surroundings = readSurroundings(plan.resource_changes, fields(fields(plan.prior_state).values).root_module);
    const configuration = new Configuration(plan.configuration);
    return makeNatives(resources, configuration, plan.complete !== false, options, surroundings);
  },
};

/** `terraform show -json` of the state: what exists, nothing is created. */
export const terraformState: DocumentForm = {
  id: 'terraform-state',
  title: 'Terraform or OpenTofu state (show -json)',
  dialect: 'terraform',
  detect: (document) =>
    versioned(document) &&
    !('resource_changes' in document || 'planned_values' in document) &&
    ('values' in document || 'terraform_version' in document || Object.keys(document).length === 1),
  read: (document, options) => {
    const state = fields(document);
    checkVersion(state.format_version);
    const root = fields(state.values).root_module;
    const resources = readModules(root, '/values/root_module');
    return makeNatives(resources, new Configuration(undefined), true, options, readSurroundings([], root));
  },
};
