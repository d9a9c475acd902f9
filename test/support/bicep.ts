/**
 * Reads Bicep as far as onboarding/azure uses it, and works out what a deployment of it would send: the compiler is no
 * npm package. Strict: whatever it does not understand, a name that nothing declares, a module parameter that is missing
 * or that the module does not have, ends the test. What Azure alone knows (ids of principals, hashes) is a name in <…>.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Token = { readonly is: 'name' | 'number' | 'punctuation' | 'newline' | 'string' | 'end'; readonly text: string };
/** Values as they are known before the deployment. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
type Scope = ReadonlyMap<string, Value>;
type Evaluate = (scope: Scope) => Value;

/** One resource that the deployment sends. */
export interface Deployed {
  readonly file: string;
  readonly symbol: string;
  /** `Microsoft.Storage/storageAccounts@2023-05-01`. */
  readonly type: string;
  readonly existing: boolean;
  readonly body: { readonly [key: string]: Value };
}

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly fallback: Evaluate | undefined;
  readonly decorators: readonly string[];
}
interface Statement {
  readonly is: 'resource' | 'module';
  readonly symbol: string;
  readonly target: string;
  readonly existing: boolean;
  readonly condition: Evaluate | undefined;
  /** For one made by a loop: the list and the name of its item. */
  readonly each: { readonly item: string; readonly of: Evaluate } | undefined;
  readonly body: Evaluate;
}
interface BicepFile {
  readonly parameters: readonly Parameter[];
  readonly variables: readonly (readonly [string, Evaluate])[];
  readonly statements: readonly Statement[];
  readonly outputs: readonly (readonly [string, Evaluate])[];
  readonly targetScope: string;
  readonly extensions: readonly string[];
}

const PATTERNS: readonly (readonly [Token['is'] | 'space', RegExp])[] = [
  ['space', /[ \t]+|\/\/[^\n]*|#disable-next-line[^\n]*/y],
  ['newline', /\n+/y],
  ['string', /'(?:\\.|\$\{[^}]*\}|[^'\\\n])*'/y],
  ['name', /[A-Za-z_]\w*/y],
  ['number', /\d+/y],
  ['punctuation', /\.\?|\?\?|==|!=|&&|\|\||[[\]{}().,:?!=@]/y],
];

function tokens(text: string): Token[] {
  const list: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const found = PATTERNS.flatMap(([is, pattern]) => {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      return match === null ? [] : [{ is, text: match[0] }];
    })[0];
    if (found === undefined) throw new Error(`Bicep that is not understood: ${text.slice(at, at + 40)}`);
    at += found.text.length;
    if (found.is !== 'space') list.push({ is: found.is, text: found.text });
  }
  return [...list, { is: 'end', text: '' }];
}

const known = (value: Value): string => (typeof value === 'string' ? value : JSON.stringify(value));
const isEmpty = (value: Value): boolean =>
  value === null || (typeof value === 'object' ? Object.keys(value).length === 0 : value === '');

const FUNCTIONS: { readonly [name: string]: (...given: readonly Value[]) => Value } = {
  guid: (...of) => `<guid ${of.map(known).join(' ')}>`,
  uniqueString: (...of) => `<hash ${of.map(known).join(' ')}>`,
  subscription: () => ({ id: '/subscriptions/<subscription>', subscriptionId: '<subscription>' }),
  tenant: () => ({ tenantId: '<tenant>' }),
  deployment: () => ({ location: '<location>' }),
  resourceGroup: (name = '') => `<group ${known(name)}>`,
  subscriptionResourceId: (...of) => of.map(known).join('/'),
  empty: (value = null) => isEmpty(value),
  union: (...of) => Object.assign({}, ...of) as Value,
};

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { is: 'end', text: '' };
  }
  #is = (text: string): boolean => this.#next.text === text && this.#next.is !== 'string';
  #ends = (): boolean => this.#next.is === 'end';
  #take(): Token {
    const token = this.#next;
    this.#at++;
    return token;
  }
  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }
  #expect(text: string): void {
    if (!this.#accept(text)) throw new Error(`expected ${text}, found ${JSON.stringify(this.#next.text)}`);
  }
  #name(): string {
    if (this.#next.is !== 'name') throw new Error(`expected a name, found ${JSON.stringify(this.#next.text)}`);
    return this.#take().text;
  }
  #string(): string {
    if (this.#next.is !== 'string') throw new Error(`expected a text, found ${JSON.stringify(this.#next.text)}`);
    return this.#take().text.slice(1, -1);
  }
  #lines(): void {
    while (this.#next.is === 'newline' || this.#is(',')) this.#at++;
  }
  /** Bicep lets a conditional go on in the next line. */
  #acceptNextLine(text: string): boolean {
    const from = this.#at;
    this.#lines();
    if (this.#accept(text)) return true;
    this.#at = from;
    return false;
  }

  file(): BicepFile {
    const parameters: Parameter[] = [];
    const variables: [string, Evaluate][] = [];
    const statements: Statement[] = [];
    const outputs: [string, Evaluate][] = [];
    const extensions: string[] = [];
    let targetScope = 'resourceGroup';
    let decorators: string[] = [];
    for (this.#lines(); !this.#ends(); this.#lines()) {
      if (this.#accept('@')) {
        decorators.push(this.#name());
        this.#arguments();
        continue;
      }
      const word = this.#name();
      if (word === 'targetScope') {
        this.#expect('=');
        targetScope = this.#string();
      } else if (word === 'extension') extensions.push(this.#name());
      else if (word === 'type') {
        this.#name();
        this.#expect('=');
        this.expression();
      } else if (word === 'param') {
        const name = this.#name();
        const type = this.#type();
        const fallback = this.#accept('=') ? this.expression() : type.endsWith('?') ? () => null : undefined;
        parameters.push({ name, type, fallback, decorators });
      } else if (word === 'var') {
        const name = this.#name();
        this.#expect('=');
        variables.push([name, this.expression()]);
      } else if (word === 'output') {
        const name = this.#name();
        this.#type();
        this.#expect('=');
        outputs.push([name, this.expression()]);
      } else if (word === 'resource' || word === 'module') statements.push(this.#statement(word));
      else throw new Error(`a statement that is not understood: ${word}`);
      if (this.#next.is !== 'newline' && !this.#ends())
        throw new Error(`more than a statement in a line: ${this.#next.text}`);
      decorators = [];
    }
    return { parameters, variables, statements, outputs, targetScope, extensions };
  }

  #type(): string {
    let type = this.#name();
    while (this.#is('[') || this.#is(']') || this.#is('?')) type += this.#take().text;
    return type;
  }

  #statement(is: Statement['is']): Statement {
    const symbol = this.#name();
    const target = this.#string();
    const existing = this.#accept('existing');
    this.#expect('=');
    let condition: Evaluate | undefined;
    if (this.#accept('if')) {
      this.#expect('(');
      condition = this.expression();
      this.#expect(')');
    }
    if (!this.#accept('['))
      return { is, symbol, target, existing, condition, each: undefined, body: this.expression() };
    this.#lines();
    this.#expect('for');
    const item = this.#name();
    this.#expect('in');
    const of = this.expression();
    this.#expect(':');
    const body = this.expression();
    this.#lines();
    this.#expect(']');
    return { is, symbol, target, existing, condition, each: { item, of }, body };
  }

  expression(): Evaluate {
    const condition = this.#binary(0);
    if (!this.#acceptNextLine('?')) return condition;
    const then = this.expression();
    if (!this.#acceptNextLine(':')) throw new Error('a conditional without its other half');
    const otherwise = this.expression();
    return (scope) => (condition(scope) === true ? then(scope) : otherwise(scope));
  }

  static readonly #operators: readonly (readonly [string, (left: Value, right: () => Value) => Value])[][] = [
    [['??', (left, right) => left ?? right()]],
    [['||', (left, right) => left === true || right()]],
    [['&&', (left, right) => left === true && right()]],
    [
      ['==', (left, right) => left === right()],
      ['!=', (left, right) => left !== right()],
    ],
  ];
  #binary(level: number): Evaluate {
    const operators = Parser.#operators[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find(([text]) => this.#accept(text));
      if (operator === undefined) return left;
      const first = left;
      const second = this.#binary(level + 1);
      left = (scope) => operator[1](first(scope), () => second(scope));
    }
  }

  #unary(): Evaluate {
    if (!this.#accept('!')) return this.#postfix();
    const value = this.#unary();
    return (scope) => value(scope) !== true;
  }

  #postfix(): Evaluate {
    let value = this.#primary();
    for (;;) {
      const safe = this.#accept('.?');
      if (safe || this.#accept('.')) {
        const of = value;
        const key = this.#name();
        value = (scope) => member(of(scope), key, safe);
      } else if (!this.#accept('!')) return value;
    }
  }

  #primary(): Evaluate {
    const { is, text } = this.#next;
    if (is === 'string') return interpolated(this.#string());
    if (is === 'number') {
      this.#take();
      return () => Number(text);
    }
    if (this.#accept('{')) return this.#object();
    if (this.#accept('[')) return this.#array();
    const name = this.#name();
    if (name === 'true' || name === 'false' || name === 'null') return () => JSON.parse(name) as Value;
    if (this.#is('(')) {
      const given = this.#arguments();
      const call = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (call === undefined) throw new Error(`a function that is not known: ${name}`);
      return (scope) => call(...given.map((argument) => argument(scope)));
    }
    // The names of types stand where values do only in the declaration of a type.
    return (scope) => {
      const value = scope.get(name);
      if (value === undefined) throw new Error(`nothing declares ${name}`);
      return value;
    };
  }

  #arguments(): readonly Evaluate[] {
    this.#expect('(');
    const given: Evaluate[] = [];
    for (this.#lines(); !this.#accept(')'); this.#lines()) given.push(this.expression());
    return given;
  }
  #array(): Evaluate {
    const items: Evaluate[] = [];
    for (this.#lines(); !this.#accept(']'); this.#lines()) items.push(this.expression());
    return (scope) => items.map((item) => item(scope));
  }
  #object(): Evaluate {
    const entries: (readonly [Evaluate, Evaluate])[] = [];
    for (this.#lines(); !this.#accept('}'); this.#lines()) {
      const name = this.#next.is === 'string' ? interpolated(this.#string()) : constant(this.#name());
      this.#expect(':');
      entries.push([name, this.expression()]);
      if (!this.#is('}') && !this.#is(',') && this.#next.is !== 'newline')
        throw new Error(`two properties in a line: ${this.#next.text}`);
    }
    return (scope) => Object.fromEntries(entries.map(([name, value]) => [known(name(scope)), value(scope)]));
  }
}

const constant =
  (text: string): Evaluate =>
  () =>
    text;

function interpolated(text: string): Evaluate {
  const parts = text.split(/(\$\{[^}]*\})/).map((part) => {
    if (!part.startsWith('${')) return constant(part.replaceAll("\\'", "'"));
    return new Parser(part.slice(2, -1)).expression();
  });
  return (scope) => parts.map((part) => known(part(scope))).join('');
}

function member(of: Value, key: string, safe: boolean): Value {
  if (of === null && safe) return null;
  if (of === null || typeof of !== 'object' || Array.isArray(of)) throw new Error(`${key} of what has no properties`);
  const value = (of as { readonly [key: string]: Value })[key];
  if (value === undefined && safe) return null;
  if (value === undefined) throw new Error(`no ${key} among ${Object.keys(of).join(', ')}`);
  return value;
}

/** What is known of a resource before it is there: its id and name, and that Azure will say the rest. */
function reference(symbol: string, body: { readonly [key: string]: Value }): Value {
  const principalId = `<principal ${symbol}>`;
  const clientId = `<client ${symbol}>`;
  const id = `<id ${symbol}>`;
  return { ...body, id, appId: `<app ${symbol}>`, properties: { principalId, clientId } };
}

/** Reads one file. Throws where it is not the Bicep that is understood. */
export const readBicep = (file: string): BicepFile => new Parser(readFileSync(file, 'utf8')).file();

/**
 * What a deployment of the file with these parameters sends, its modules included, in the order in which it is written.
 * @throws Error that names the file, where a name is not declared or a parameter does not fit
 */
export function deployBicep(
  file: string,
  given: { readonly [name: string]: Value },
): { readonly deployed: readonly Deployed[]; readonly outputs: { readonly [name: string]: Value } } {
  try {
    return deploy(file, given);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

function deploy(file: string, given: { readonly [name: string]: Value }): ReturnType<typeof deployBicep> {
  const { parameters, variables, statements, outputs } = readBicep(file);
  const scope = new Map<string, Value>();
  for (const name of Object.keys(given))
    if (!parameters.some((parameter) => parameter.name === name)) throw new Error(`no parameter ${name}`);
  for (const { name, fallback } of parameters) {
    const value = given[name] ?? fallback?.(scope);
    if (value === undefined) throw new Error(`the parameter ${name} is not given`);
    scope.set(name, value);
  }
  for (const [name, value] of variables) scope.set(name, value(scope));
  const deployed: Deployed[] = [];
  for (const { is, symbol, target, existing, condition, each, body } of statements) {
    const made = condition === undefined || condition(scope) === true;
    const items = each === undefined ? [undefined] : (each.of(scope) as readonly Value[]);
    for (const item of items) {
      const inner = each === undefined || item === undefined ? scope : new Map([...scope, [each.item, item] as const]);
      // What is not made is looked at all the same: its names have to be declared.
      const it = body(inner) as { readonly [key: string]: Value };
      if (is === 'resource') {
        if (made) deployed.push({ file, symbol, type: target, existing, body: it });
        scope.set(symbol, reference(symbol, it));
        continue;
      }
      const path = join(dirname(file), target);
      if (!existsSync(path)) throw new Error(`no module ${target}`);
      const module = deployBicep(path, it['params'] as { readonly [name: string]: Value });
      if (made) deployed.push(...module.deployed);
      scope.set(symbol, { outputs: module.outputs });
    }
    if (!scope.has(symbol)) scope.set(symbol, {});
  }
  return { deployed, outputs: Object.fromEntries(outputs.map(([name, value]) => [name, value(scope)])) };
}
