/**
 * AWS CloudFormation templates, parsed from JSON or YAML (with the tags of cloudformation-yaml.ts).
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html (read 2026-11-25)
 *
 * Intrinsic functions are evaluated where the template says enough. What it does not say becomes an `Unresolved`:
 * `detail` is the text as far as it is known, with `${LogicalId}` or `${LogicalId.Attribute}` for each piece that is not
 * (`arn:aws:s3:::${Bucket}/*`), and `refs` are the logical ids. `extra.types` gives the types of the resources that
 * the body refers to, so that a mapping can tell a key of the template from a parameter.
 */
import { AppError } from '../../model/errors.ts';
import { canonicalJson, isObject } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { partitionOf } from '../aws/arn.ts';
import type { DocumentForm, ReadOptions } from '../form.ts';
import type { OwnerRef } from '../mapping.ts';

type Fields = { readonly [key: string]: unknown };
type Truth = boolean | undefined; // undefined: undecided

const DEEPEST = 200;
const MOST_RESOURCES = 20_000;

const invalid = (reason: string, pointer: string): AppError =>
  new AppError('EVENT_INVALID', reason, { details: { pointer, reason } });

const fields = (value: unknown): Fields => (isObject(value) ? value : {});

/** Removes the property or item that it stands in (`AWS::NoValue`). */
const NO_VALUE = Symbol('AWS::NoValue');
type Value = Body | typeof NO_VALUE;

const isScalarValue = (v: Value): v is string | number | boolean =>
  typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean';

/** The text of a piece: as it is, or as a placeholder; undefined where it is no text at all. */
const textOf = (value: Value): string | undefined =>
  isScalarValue(value) ? String(value) : value instanceof Unresolved ? value.detail : undefined;

const sameValue = (a: Value, b: Value): boolean => {
  if (a === NO_VALUE || b === NO_VALUE) return a === b;
  return canonicalJson(a) === canonicalJson(b);
};

/** Joins pieces; unresolved if any of them is. */
function joinPieces(pieces: readonly Value[], delimiter: string): Value {
  const texts = pieces.filter((p) => p !== NO_VALUE).map((p) => [p, textOf(p)] as const);
  if (texts.some(([, t]) => t === undefined)) return new Unresolved('a piece of a text that is no text');
  const joined = texts.map(([, t]) => t).join(delimiter);
  const unresolved = texts.flatMap(([p]) => (p instanceof Unresolved ? [p] : []));
  return unresolved.length === 0 ? joined : new Unresolved(joined, [...new Set(unresolved.flatMap((u) => u.refs))]);
}

/** A value that CloudFormation fetches at deployment (`{{resolve:ssm:…}}`). */
const isDynamic = (text: string): boolean => text.includes('{{resolve:');

class Template {
  readonly #parameters: Fields;
  readonly #conditions: Fields;
  readonly #mappings: Fields;
  readonly #options: ReadOptions;
  readonly #decided = new Map<string, Truth>();
  readonly #deciding = new Set<string>();
  readonly resources: Fields;

  constructor(document: Fields, options: ReadOptions) {
    this.#parameters = fields(document.Parameters);
    this.#conditions = fields(document.Conditions);
    this.#mappings = fields(document.Mappings);
    this.#options = options;
    this.resources = fields(document.Resources);
  }

  /** A named condition: true, false, or undefined where the template does not decide it. */
  condition(name: string): Truth {
    if (this.#decided.has(name)) return this.#decided.get(name);
    if (this.#deciding.has(name) || !Object.hasOwn(this.#conditions, name)) return undefined;
    this.#deciding.add(name);
    const truth = this.#truth(this.#conditions[name], 0);
    this.#deciding.delete(name);
    this.#decided.set(name, truth);
    return truth;
  }

  #truth(expression: unknown, depth: number): Truth {
    if (depth > DEEPEST || !isObject(expression)) {
      return expression === true || expression === 'true'
        ? true
        : expression === false || expression === 'false'
          ? false
          : undefined;
    }
    const [key, ...rest] = Object.keys(expression);
    if (key === undefined || rest.length > 0) return undefined;
    const argument = expression[key];
    if (key === 'Condition') return typeof argument === 'string' ? this.condition(argument) : undefined;
    if (!Array.isArray(argument)) return undefined;
    const args = argument as readonly unknown[];
    switch (key) {
      case 'Fn::Equals': {
        if (args.length !== 2) return undefined;
        const a = this.resolve(args[0], depth + 1);
        const b = this.resolve(args[1], depth + 1);
        if (isScalarValue(a) && isScalarValue(b)) return String(a) === String(b);
        // The same parameter on both sides is equal whatever it is.
        return a instanceof Unresolved && b instanceof Unresolved && a.refs.length > 0 && sameUnresolved(a, b)
          ? true
          : undefined;
      }
      case 'Fn::Not': {
        const truth = this.#truth(args[0], depth + 1);
        return truth === undefined ? undefined : !truth;
      }
      case 'Fn::And':
      case 'Fn::Or': {
        const decisive = key === 'Fn::Or';
        const truths = args.map((a) => this.#truth(a, depth + 1));
        if (truths.includes(decisive)) return decisive;
        return truths.includes(undefined) || truths.length === 0 ? undefined : !decisive;
      }
      default:
        return undefined;
    }
  }

  #ref(name: string): Value {
    switch (name) {
      case 'AWS::NoValue':
        return NO_VALUE;
      case 'AWS::Region':
        return this.#options.region ?? new Unresolved('${AWS::Region}', ['AWS::Region']);
      case 'AWS::AccountId':
        return this.#options.account ?? new Unresolved('${AWS::AccountId}', ['AWS::AccountId']);
      case 'AWS::Partition':
        return partitionOf(this.#options.region);
      case 'AWS::URLSuffix':
        return this.#options.region?.startsWith('cn-') === true ? 'amazonaws.com.cn' : 'amazonaws.com';
      default:
        return this.#parameter(name) ?? new Unresolved(`\${${name}}`, [name]);
    }
  }

  #parameter(name: string): Value | undefined {
    if (!Object.hasOwn(this.#parameters, name)) return undefined;
    const parameter = fields(this.#parameters[name]);
    const type = typeof parameter.Type === 'string' ? parameter.Type : 'String';
    // A secret, which whoever reads the evidence is not to see: nothing depends on its value.
    if (parameter.NoEcho === true || parameter.NoEcho === 'true') return new Unresolved(`\${${name}}`, [name]);
    const given = this.#options.parameters?.[name];
    // The default of such a parameter is the name under which Systems Manager keeps the value.
    const value = given ?? (type.startsWith('AWS::SSM::Parameter::Value') ? undefined : parameter.Default);
    if (value === undefined || value === null) return new Unresolved(`\${${name}}`, [name]);
    if (type === 'CommaDelimitedList' || type.startsWith('List<')) {
      if (Array.isArray(value)) return value as Body;
      return (typeof value === 'string' || typeof value === 'number' ? `${value}` : '')
        .split(',')
        .map((s) => s.trim())
        .filter((s) => s !== '');
    }
    if (typeof value === 'string' && isDynamic(value)) return new Unresolved(`\${${name}}`, [name]);
    return isScalarValue(value as Value) ? (value as Body) : new Unresolved(`\${${name}}`, [name]);
  }

  #sub(argument: unknown, depth: number): Value {
    const [template, given] = Array.isArray(argument) ? (argument as readonly unknown[]) : [argument, undefined];
    if (typeof template !== 'string') return new Unresolved('Fn::Sub without a text');
    const variables = fields(given);
    const pieces: Value[] = [];
    let from = 0;
    for (const match of template.matchAll(/\$\{([^}]*)\}/g)) {
      pieces.push(template.slice(from, match.index));
      from = match.index + match[0].length;
      const name = (match[1] ?? '').trim();
      if (name.startsWith('!')) pieces.push(`\${${name.slice(1)}}`);
      else if (Object.hasOwn(variables, name)) pieces.push(this.resolve(variables[name], depth + 1));
      else if (name.includes('.')) pieces.push(getAtt(name));
      else pieces.push(this.#ref(name));
    }
    pieces.push(template.slice(from));
    const joined = joinPieces(pieces, '');
    return typeof joined === 'string' && isDynamic(joined) ? new Unresolved(joined) : joined;
  }

  #findInMap(args: readonly unknown[], depth: number): Value {
    const keys = args.slice(0, 3).map((a) => this.resolve(a, depth + 1));
    const options = args[3];
    const otherwise =
      isObject(options) && 'DefaultValue' in options ? this.resolve(options.DefaultValue, depth + 1) : undefined;
    let value: unknown = this.#mappings;
    for (const key of keys) {
      if (!isScalarValue(key)) return new Unresolved(`Fn::FindInMap ${textOf(key) ?? ''}`, refsIn(keys));
      value = isObject(value) && Object.hasOwn(value, String(key)) ? value[String(key)] : undefined;
    }
    if (value === undefined) return otherwise ?? new Unresolved('Fn::FindInMap finds nothing');
    return this.resolve(value, depth + 1);
  }

  #if(args: readonly unknown[], depth: number): Value {
    const [name, yes, no] = args;
    const truth = typeof name === 'string' ? this.condition(name) : undefined;
    if (truth === true) return this.resolve(yes, depth + 1);
    if (truth === false) return this.resolve(no, depth + 1);
    const branches = [this.resolve(yes, depth + 1), this.resolve(no, depth + 1)] as const;
    const [a, b] = branches;
    if (sameValue(a, b) && !hasUnresolvedValue(a)) return a;
    if (a instanceof Unresolved && b instanceof Unresolved && sameUnresolved(a, b)) return a;
    return new Unresolved(`Fn::If ${String(name)} is not decided by the template`, refsIn(branches));
  }

  #call(name: string, argument: unknown, depth: number): Value {
    const args: readonly unknown[] = Array.isArray(argument) ? (argument as readonly unknown[]) : [argument];
    switch (name) {
      case 'Ref':
        return typeof argument === 'string' ? this.#ref(argument) : new Unresolved('Ref without a name');
      case 'Fn::GetAtt':
        return args.every((a) => typeof a === 'string')
          ? getAtt(args.join('.'))
          : new Unresolved('Fn::GetAtt with a computed attribute', refsIn(args.map((a) => this.resolve(a, depth + 1))));
      case 'Fn::Sub':
        return this.#sub(argument, depth);
      case 'Fn::If':
        return this.#if(args, depth);
      case 'Fn::FindInMap':
        return this.#findInMap(args, depth);
      case 'Fn::Join': {
        const delimiter = this.resolve(args[0], depth + 1);
        const list = this.resolve(args[1], depth + 1);
        if (typeof delimiter !== 'string' || !Array.isArray(list)) {
          return new Unresolved('Fn::Join of a list that is not known', refsIn([list]));
        }
        return joinPieces(list as readonly Body[], delimiter);
      }
      case 'Fn::Split': {
        const delimiter = this.resolve(args[0], depth + 1);
        const text = this.resolve(args[1], depth + 1);
        return typeof delimiter === 'string' && delimiter !== '' && typeof text === 'string'
          ? text.split(delimiter)
          : new Unresolved('Fn::Split of a text that is not known', refsIn([text]));
      }
      case 'Fn::Select': {
        const index = Number(textOf(this.resolve(args[0], depth + 1)));
        const list = this.resolve(args[1], depth + 1);
        if (!Array.isArray(list) || !Number.isSafeInteger(index)) {
          return new Unresolved('Fn::Select from a list that is not known', refsIn([list]));
        }
        return (list as readonly Body[])[index] ?? new Unresolved('Fn::Select beyond the list');
      }
      case 'Fn::Base64': {
        const text = this.resolve(argument, depth + 1);
        return typeof text === 'string'
          ? Buffer.from(text, 'utf8').toString('base64')
          : new Unresolved('Fn::Base64 of a text that is not known', refsIn([text]));
      }
      case 'Fn::ToJsonString': {
        const value = this.resolve(argument, depth + 1);
        return value === NO_VALUE || hasUnresolvedValue(value)
          ? new Unresolved('Fn::ToJsonString of a value that is not known', refsIn([value]))
          : JSON.stringify(value);
      }
      default:
        // ImportValue, GetAZs, Cidr, Transform and whatever comes later: known only to CloudFormation.
        return new Unresolved(name, refsIn([this.#plain(argument, depth + 1)]));
    }
  }

  #plain(value: unknown, depth: number): Value {
    if (Array.isArray(value)) {
      return (value as readonly unknown[]).map((v) => this.resolve(v, depth + 1)).filter((v) => v !== NO_VALUE);
    }
    if (isObject(value)) {
      // What it adds to the properties that are written is known only to CloudFormation.
      const adds = Object.keys(value).find((key) => key.startsWith('Fn::'));
      if (adds !== undefined) return new Unresolved(`${adds} beside other properties`);
      const entries: [string, Body][] = [];
      for (const [key, v] of Object.entries(value)) {
        const resolved = this.resolve(v, depth + 1);
        if (resolved !== NO_VALUE) entries.push([key, resolved]);
      }
      return Object.fromEntries(entries);
    }
    if (typeof value === 'string') return isDynamic(value) ? new Unresolved(value) : value;
    return typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }

  /** A value with its intrinsic functions evaluated. */
  resolve(value: unknown, depth = 0): Value {
    if (depth > DEEPEST) return new Unresolved('nested too deeply');
    if (isObject(value)) {
      const [key, ...rest] = Object.keys(value);
      if (key !== undefined && rest.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))) {
        return this.#call(key, value[key], depth);
      }
    }
    return this.#plain(value, depth);
  }
}

const getAtt = (path: string): Unresolved => new Unresolved(`\${${path}}`, [path.split('.')[0] ?? path]);
const sameUnresolved = (a: Unresolved, b: Unresolved): boolean =>
  a.detail === b.detail && canonicalJson(a.refs) === canonicalJson(b.refs) && a.detail.startsWith('${');

function walkUnresolved(value: Value, visit: (unresolved: Unresolved) => void): void {
  if (value instanceof Unresolved) visit(value);
  else if (Array.isArray(value)) for (const v of value as readonly Body[]) walkUnresolved(v, visit);
  else if (isObject(value)) for (const v of Object.values(value)) walkUnresolved(v, visit);
}
const refsIn = (values: readonly Value[]): readonly string[] => {
  const refs = new Set<string>();
  for (const v of values) {
    walkUnresolved(v, (u) => {
      for (const ref of u.refs) refs.add(ref);
    });
  }
  return [...refs];
};
const hasUnresolvedValue = (value: Value): boolean => {
  let found = false;
  walkUnresolved(value, () => {
    found = true;
  });
  return found;
};

/** The property that is the provider's name of a resource. */
const NAME_PROPERTY: { readonly [type: string]: string } = {
  'AWS::S3::Bucket': 'BucketName',
  'AWS::RDS::DBInstance': 'DBInstanceIdentifier',
  'AWS::RDS::DBCluster': 'DBClusterIdentifier',
  'AWS::RDS::DBParameterGroup': 'DBParameterGroupName',
  'AWS::RDS::DBClusterParameterGroup': 'DBClusterParameterGroupName',
  'AWS::EC2::SecurityGroup': 'GroupName',
  'AWS::SageMaker::Endpoint': 'EndpointName',
  'AWS::SageMaker::EndpointConfig': 'EndpointConfigName',
  'AWS::SageMaker::Model': 'ModelName',
};

function readTags(value: Body | undefined, pointer: string): NativeResource['tags'] {
  const known = { state: 'known', at: `${pointer}/Tags` } as const;
  if (value === undefined || value === null) return { ...known, value: [], closed: true, at: pointer };
  if (value instanceof Unresolved) return { state: 'unknown', why: 'unresolved', at: known.at, detail: value.detail };
  const pairs: (readonly [unknown, unknown])[] = Array.isArray(value)
    ? (value as readonly Body[]).map((t) => [fields(t).Key, fields(t).Value] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  const tags = pairs.flatMap(([key, v]) =>
    typeof key === 'string' && isScalarValue(v as Value) ? [{ key, value: String(v) }] : [],
  );
  return { ...known, value: tags, closed: tags.length === pairs.length };
}

/** Where a resource of the template stands; made by `Fn::ForEach`, it has no place of its own. */
interface Declared {
  readonly logicalId: string;
  readonly resource: unknown;
  readonly pointer: string;
}

/** Replaces the variable of a `Fn::ForEach` in keys and texts. */
function substitute(value: unknown, variable: string, by: string, depth: number): unknown {
  if (depth > DEEPEST) return value;
  const inText = (text: string): string =>
    text.replaceAll(`\${${variable}}`, by).replaceAll(`&{${variable}}`, by.replaceAll(/[^A-Za-z0-9]/g, ''));
  if (typeof value === 'string') return inText(value);
  if (Array.isArray(value)) return (value as readonly unknown[]).map((v) => substitute(v, variable, by, depth + 1));
  if (!isObject(value)) return value;
  if (value.Ref === variable && Object.keys(value).length === 1) return by;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [inText(k), substitute(v, variable, by, depth + 1)]));
}

function declared(template: Template, resources: Fields, pointer: string, depth: number): readonly Declared[] {
  const found: Declared[] = [];
  for (const [logicalId, resource] of Object.entries(resources)) {
    if (found.length > MOST_RESOURCES) throw invalid(`more than ${MOST_RESOURCES} resources`, pointer);
    if (logicalId === 'Fn::Transform') continue; // see `isWhole`
    if (!logicalId.startsWith('Fn::ForEach::')) {
      found.push({ logicalId, resource, pointer: `${pointer}/${logicalId}` });
      continue;
    }
    const [variable, collection, fragment] = Array.isArray(resource) ? (resource as readonly unknown[]) : [];
    const items = template.resolve(collection);
    // A collection that is not known still declares at least the shape of what it makes: once, with the name open.
    const values = Array.isArray(items) ? (items as readonly Body[]).flatMap((i) => textOf(i) ?? []) : ['*'];
    if (depth > 4 || typeof variable !== 'string')
      throw invalid('Fn::ForEach without variable and collection', `${pointer}/${logicalId}`);
    for (const value of values) {
      const expanded = fields(substitute(fragment, variable, value, 0));
      found.push(
        ...declared(template, expanded, `${pointer}/${logicalId}/2`, depth + 1).map((d) => ({
          ...d,
          pointer: `${pointer}/${logicalId}/2`,
        })),
      );
    }
  }
  return found;
}

/** A name that is not known still equals itself: `${Prefix}-logs` names the same bucket wherever it stands. */
export function nameOf(value: Body | undefined): string | undefined {
  if (value instanceof Unresolved) return /^(?!Fn::).*\$\{/s.test(value.detail) ? value.detail : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** Properties that hold an id which the deployment makes, and not a name that the template gives. */
const IDS: ReadonlySet<string> = new Set(['GroupId']);

/**
 * What a property that names another resource means: a resource of the same template, or one by name. A text with a
 * reference in it (`${Bucket}-logs`) is a name, and not that resource's.
 */
export function templateOwner(native: NativeResource, property: string): OwnerRef | undefined {
  if (native.body instanceof Unresolved) return { refs: [], open: true };
  const value = isObject(native.body) ? native.body[property] : undefined;
  const name = nameOf(value);
  if (!(value instanceof Unresolved)) return name === undefined ? undefined : { name };
  const types = fields(native.extra?.types);
  const refs = value.refs.filter((ref) => Object.hasOwn(types, ref));
  // What another stack exports is none of this one's, and an id is only had by a reference.
  const open = value.detail !== 'Fn::ImportValue' && !IDS.has(property);
  if (name === undefined) return refs.length > 0 || !open ? { refs, others: true } : { name: value.detail, open };
  if (refs.length > 0 && /^\$\{[^}]*\}$/.test(name)) return { refs };
  const names = fields(native.extra?.names);
  const whole = name.replaceAll(/\$\{([^}]*)\}/g, (hole, ref: string) => (names[ref] as string | undefined) ?? hole);
  return open && whole.includes('${') ? { name: whole, open } : { name: whole };
}

const typeOf = (resource: unknown): string | undefined => {
  const type = fields(resource).Type;
  return typeof type === 'string' ? type : undefined;
};

/** Types whose `Ref` is their name. */
const REF_IS_NAME: ReadonlySet<string> = new Set([
  'AWS::S3::Bucket',
  'AWS::RDS::DBInstance',
  'AWS::RDS::DBCluster',
  'AWS::RDS::DBParameterGroup',
  'AWS::RDS::DBClusterParameterGroup',
]);

/** What `Ref` gives for a resource whose name is written in the template. */
function writtenName(template: Template, { resource }: Declared): string | undefined {
  const type = typeOf(resource) ?? '';
  if (!REF_IS_NAME.has(type)) return undefined;
  const name = template.resolve(fields(fields(resource).Properties)[NAME_PROPERTY[type] ?? 'Name']);
  return typeof name === 'string' ? name : undefined;
}

/** Transforms that add nothing to a resource that has the properties of its own type. */
const HARMLESS_TRANSFORMS: ReadonlySet<unknown> = new Set([
  'AWS::LanguageExtensions',
  'AWS::Serverless-2016-10-31',
  'AWS::CodeDeployBlueGreen',
  'AWS::SecretsManager-2020-07-23',
  'AWS::SecretsManager-2024-09-16',
]);

/** Whether the template says everything: a macro, or a snippet included among its resources, may change and add any. */
const isWhole = (document: Fields, resources: Fields): boolean => {
  const { Transform } = document;
  const transforms: readonly unknown[] = Array.isArray(Transform)
    ? Transform
    : Transform === undefined
      ? []
      : [Transform];
  return !('Fn::Transform' in resources) && transforms.every((t) => HARMLESS_TRANSFORMS.has(t));
};

/** The resources that are handed to nested stacks, whose templates are not here and may hold parts of them. */
function handedOn(template: Template, all: readonly Declared[]): ReadonlySet<string> {
  const stacks = all.filter(({ resource }) => typeOf(resource) === 'AWS::CloudFormation::Stack');
  return new Set(
    refsIn(stacks.map(({ resource }) => template.resolve(fields(fields(resource).Properties).Parameters))),
  );
}

interface Whole {
  readonly types: Fields;
  readonly names: Fields;
  readonly complete: boolean;
  readonly handedOn: ReadonlySet<string>;
}

function readResource(
  template: Template,
  at: Declared,
  { types, names: written, complete, handedOn: handed }: Whole,
  options: ReadOptions,
): NativeResource | undefined {
  const resource = fields(at.resource);
  const type = typeOf(resource);
  if (type === undefined) throw invalid('a resource has a Type', at.pointer);
  const when = typeof resource.Condition === 'string' ? resource.Condition : undefined;
  const exists = when === undefined ? true : template.condition(when);
  if (exists === false) return undefined;
  const properties =
    'Fn::Transform' in resource ? new Unresolved('Fn::Transform') : template.resolve(resource.Properties ?? {});
  const body: Body = properties === NO_VALUE ? {} : properties;
  const names = isObject(body) ? body : {};
  const name = nameOf(names[NAME_PROPERTY[type] ?? 'Name']);
  const referenced = refsIn([body]).filter((ref) => Object.hasOwn(types, ref));
  const pointer = at.pointer.endsWith('/2') ? at.pointer : `${at.pointer}/Properties`;
  return {
    dialect: 'aws.cfn',
    cloud: 'aws',
    type,
    id: at.logicalId,
    ...(name === undefined ? {} : { name }),
    ...(options.account === undefined ? {} : { account: options.account }),
    ...(options.region === undefined ? {} : { region: options.region }),
    body,
    pointer,
    tags: readTags(body instanceof Unresolved ? body : names.Tags, pointer),
    complete: complete && !handed.has(at.logicalId),
    creates: true,
    ...(when === undefined || exists === true ? {} : { when }),
    orderKey: '',
    extra: {
      types: Object.fromEntries(referenced.map((ref) => [ref, types[ref] as string])),
      ...(NAME_PROPERTY[type] !== undefined && names[NAME_PROPERTY[type]] === undefined ? { nameless: true } : {}),
      names: Object.fromEntries(referenced.flatMap((ref) => (ref in written ? [[ref, written[ref] as string]] : []))),
    },
  };
}

const isTyped = (resource: unknown): boolean => /^[A-Za-z0-9]+::/.test(typeOf(resource) ?? '');

/** A CloudFormation template, JSON or YAML already parsed. */
export const cloudFormation: DocumentForm = {
  id: 'cloudformation',
  title: 'AWS CloudFormation template',
  dialect: 'aws.cfn',
  detect: (document) => {
    if (!isObject(document) || !isObject(document.Resources)) return false;
    if ('AWSTemplateFormatVersion' in document) return true;
    return Object.values(document.Resources).slice(0, 3).some(isTyped);
  },
  read: (document, options) => {
    const template = new Template(fields(document), options);
    const all = declared(template, template.resources, '/Resources', 0);
    const whole: Whole = {
      types: Object.fromEntries(all.map((d) => [d.logicalId, typeOf(d.resource) ?? ''])),
      names: Object.fromEntries(
        all.flatMap((d) => {
          const name = writtenName(template, d);
          return name === undefined ? [] : [[d.logicalId, name]];
        }),
      ),
      complete: isWhole(fields(document), template.resources),
      handedOn: handedOn(template, all),
    };
    return all.flatMap((d) => readResource(template, d, whole, options) ?? []);
  },
};
