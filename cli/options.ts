/** The options that several commands share, parsed and checked. */
import { existsSync, readFileSync } from 'node:fs';
import type { AuthoringConfig } from '../shared/adapters/anthropic/config.ts';
import { DATA_CLASSIFICATIONS, ENVIRONMENTS } from '../shared/kinds/context.ts';
import { AppError } from '../shared/model/errors.ts';
import { isObject, type Json } from '../shared/model/json.ts';
import type { ContextConfig } from '../shared/mappings/context.ts';
import type { NotifyConfig } from '../shared/model/notify.ts';
import { DEFAULT_CONTEXT } from '../shared/mappings/context.ts';
import { LONGEST_FILE_BYTES } from './input/documents.ts';
import type { InputOptions } from './input/sets.ts';

/** As commander gives them. */
export interface SharedOptions {
  readonly context?: string;
  readonly config?: string;
  readonly parameters?: string;
  readonly maxMegabytes?: string;
}

const refuse = (message: string): AppError => new AppError('INPUT_INVALID', message);

/** What a caller may say of resources, and which words are allowed. */
const SAYABLE: { readonly [fact: string]: readonly string[] | undefined } = {
  environment: ENVIRONMENTS,
  data_classification: DATA_CLASSIFICATIONS,
  owner: undefined,
  account: undefined,
  region: undefined,
};

/** `environment=production,owner=payments` as a record. Throws `INPUT_INVALID`. */
export function parseContext(text: string | undefined): { readonly [fact: string]: string } {
  const said: Record<string, string> = {};
  for (const pair of (text ?? '').split(',').filter((p) => p.trim() !== '')) {
    const equals = pair.indexOf('=');
    const fact = pair.slice(0, Math.max(0, equals)).trim();
    const value = pair.slice(equals + 1).trim();
    if (!Object.hasOwn(SAYABLE, fact) || value === '') {
      throw refuse(`--context: "${pair.trim()}" is not one of ${Object.keys(SAYABLE).join(', ')} with "=" and a value`);
    }
    const words = SAYABLE[fact];
    if (words !== undefined && !words.includes(value)) {
      throw refuse(`--context: ${fact} cannot be "${value}"; it is one of ${words.join(', ')}`);
    }
    said[fact] = value;
  }
  return said;
}

async function parseFile(path: string, option: string): Promise<Json> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `${option}: ${path} cannot be read; check the path`, { cause });
  }
  try {
    const { parse } = await import('yaml'); // JSON is YAML
    return parse(text, { prettyErrors: false }) as Json;
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `${option}: ${path} is neither JSON nor YAML`, { cause });
  }
}

const DEFAULT_CONFIG = 'edict.config.yaml';

/** The configuration file: the context rules, and the sections on authoring and on who hears of what, which are no part of them. */
async function readConfigFile(
  path: string | undefined,
): Promise<
  { readonly file: string; readonly context: Json; readonly authoring?: Json; readonly notify?: Json } | undefined
> {
  const file = path ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
  if (file === undefined) return undefined;
  const parsed = await parseFile(file, '--config');
  if (!isObject(parsed)) return { file, context: parsed };
  const { authoring, notify, ...context } = parsed;
  return {
    file,
    context,
    ...(authoring === undefined ? {} : { authoring }),
    ...(notify === undefined ? {} : { notify }),
  };
}

/** Which models draft, by the same file. Throws `INPUT_INVALID`, `CONFIG_INVALID`. */
export async function readAuthoring(path: string | undefined): Promise<AuthoringConfig> {
  const { parseAuthoring } = await import('../shared/adapters/anthropic/config.ts');
  return parseAuthoring((await readConfigFile(path))?.authoring);
}

/** Who hears of what, by the same file; undefined where it says nothing of it. Throws `INPUT_INVALID`. */
export async function readNotify(path: string | undefined): Promise<NotifyConfig | undefined> {
  const read = await readConfigFile(path);
  if (read?.notify === undefined) return undefined;
  const { notifyConfigSchema } = await import('../shared/model/notify.ts');
  const parsed = notifyConfigSchema.safeParse(read.notify);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`--config: ${read.file}: ${['notify', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`);
}

/** The context rules: of the file that is named, of `edict.config.yaml` if it is there, or the usual ones. */
export async function readConfig(path: string | undefined): Promise<ContextConfig> {
  const read = await readConfigFile(path);
  if (read === undefined) return DEFAULT_CONTEXT;
  const { file, context } = read;
  const { contextConfigSchema } = await import('../shared/mappings/context-config.ts');
  const parsed = contextConfigSchema.safeParse(context);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`--config: ${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not a configuration'}`);
}

/**
 * The values of template parameters: `Name=value,…`, or a file with them in the form of CloudFormation
 * (`[{ParameterKey, ParameterValue}]`), of ARM (`{parameters: {name: {value}}}`), or plain (`{name: value}`).
 */
export async function readParameters(text: string | undefined): Promise<{ readonly [name: string]: Json }> {
  if (text === undefined) return {};
  if (text.includes('=') && !existsSync(text)) {
    return Object.fromEntries(
      text.split(',').map((pair) => {
        const equals = pair.indexOf('=');
        if (equals <= 0) throw refuse(`--parameters: "${pair}" is not name=value, and there is no file "${text}"`);
        return [pair.slice(0, equals).trim(), pair.slice(equals + 1)];
      }),
    );
  }
  const parsed = await parseFile(text, '--parameters');
  if (Array.isArray(parsed)) {
    return Object.fromEntries(
      (parsed as readonly Json[]).map((p) => {
        if (!isObject(p) || typeof p['ParameterKey'] !== 'string') {
          throw refuse(`--parameters: ${text}: each item needs ParameterKey and ParameterValue`);
        }
        return [p['ParameterKey'], p['ParameterValue'] ?? null];
      }),
    );
  }
  if (!isObject(parsed)) throw refuse(`--parameters: ${text} is neither an object nor a list`);
  if (!isObject(parsed['parameters'])) return parsed;
  return Object.fromEntries(
    // A parameter that ARM takes from a key vault has no value here, and stays unresolved.
    Object.entries(parsed['parameters']).flatMap(([name, p]) =>
      isObject(p) && 'value' in p ? [[name, p['value']] as const] : [],
    ),
  );
}

/** All shared options. Throws `INPUT_INVALID`. */
export async function readShared(
  options: SharedOptions,
): Promise<{ readonly input: InputOptions; readonly said: { readonly [fact: string]: string } }> {
  const said = parseContext(options.context);
  const megabytes = Number(options.maxMegabytes ?? 500);
  if (!(megabytes > 0)) throw refuse(`--max-megabytes: "${options.maxMegabytes}" is not a positive number`);
  const { account, region } = said;
  return {
    said,
    input: {
      context: await readConfig(options.config),
      read: {
        parameters: await readParameters(options.parameters),
        ...(account === undefined ? {} : { account }),
        ...(region === undefined ? {} : { region }),
      },
      maxBytes: Math.min(megabytes * 1_048_576, LONGEST_FILE_BYTES),
    },
  };
}
