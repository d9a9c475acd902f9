/**
 * Takes secrets out of documents before they are queued or kept. A net below the rule that only mapped facts are stored:
 * by the name of the property, by the shape of the value, and everything below environment variables.
 *
 * Facts do not change by it: what is replaced is text that no mapping reads for its value (its presence is kept).
 */
import { isObject, type Json } from './json.ts';

/** Stands where a secret was. */
export const REDACTED = '[redacted]';

/** Properties whose text is a secret: whole words at the end of the name (`masterUserPassword`, `SecretString`, `api_key`). */
const SECRET_NAME =
  /(?:password|passwd|passphrase|pwd|secret|secret_?string|token|api_?key|access_?key|account_?key|shared_?key|private_?key(?:_?data)?|client_?secret|connection_?strings?|credentials?|signature|user_?data|custom_?data|sas_?uri|webhook_?url)$/i;
/** Properties below which every text is somebody's own value: environment variables, application settings. */
const SECRET_CONTAINER =
  /^(?:variables|environment_?variables|env|app_?settings|connection_?strings|protected_?settings|secrets)$/i;
/** Words that such properties hold when they are a switch and no secret (`httpTokens: required`). */
const SWITCH = /^(?:true|false|none|null|enabled?|disabled?|required|optional|always|never|default|on|off|)$/i;

/** Values that are secrets wherever they stand. Own patterns, from the issuers' documentation of their formats. */
const SECRET_VALUES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  // The header's length is bounded: without, a text of nothing but beginnings takes the square of its length.
  /\beyJ[\w-]{8,2048}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})/g,
  /\bxox[abeoprs]-[\w-]{10,}/g,
  /\b(?:sk|rk)_(?:live|test)_\w{10,}/g,
  /\bsk-[\w-]{20,}/g,
  /\bAIza[\w-]{30,}/g,
  /\bya29\.[\w-]{10,}/g,
  /(?<=\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=)[^;\s"']+/gi,
  /(?<=[?&]sig=)[^&\s"']+/gi,
  /(?<=:\/\/[^/\s:@]{0,128}:)[^/\s:@]+(?=@)/g,
  /(?<=\b(?:password|passwd|secret|token|api[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;&}]{4,}/gi,
];

/** The text without secrets that are recognised by their shape. */
export function redactText(text: string): string {
  let clean = text;
  for (const pattern of SECRET_VALUES) clean = clean.replace(pattern, REDACTED);
  return clean;
}

/** The document without secrets. Total, pure, idempotent; returns the same object where there was nothing to take out. */
export function redact(document: Json): Json {
  return walk(document, false);
}

function walk(value: Json, secret: boolean): Json {
  if (typeof value === 'string') return secret ? hide(value) : redactLeaf(value);
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    const clean = items.map((item) => walk(item, secret));
    return clean.some((item, i) => item !== items[i]) ? clean : value;
  }
  if (!isObject(value)) return value;
  const object = value;
  const pair = secretPair(object);
  let changed = false;
  const clean: Record<string, Json> = {};
  for (const [key, child] of Object.entries(object)) {
    const leaf = typeof child === 'string' || Array.isArray(child);
    const below = secret
      ? !/^(?:name|key)$/i.test(key)
      : (leaf && SECRET_NAME.test(key)) ||
        (!leaf && SECRET_CONTAINER.test(key)) ||
        (Array.isArray(child) && SECRET_CONTAINER.test(key)) ||
        (pair && /^value$/i.test(key));
    // A name that JSON.parse would treat as a prototype stays a plain property.
    Object.defineProperty(clean, key, {
      value: walk(child, below),
      enumerable: true,
      writable: true,
      configurable: true,
    });
    changed ||= clean[key] !== child;
  }
  return changed ? clean : value;
}

/** `{key: 'password', value: '…'}`, as tags, parameters and variables are written. */
function secretPair(object: { readonly [key: string]: Json }): boolean {
  const entry = Object.entries(object).find(([key]) => /^(?:name|key|parameterName)$/i.test(key));
  return typeof entry?.[1] === 'string' && SECRET_NAME.test(entry[1]);
}

const hide = (text: string): string => (SWITCH.test(text) ? text : REDACTED);

/** A text may hold a document of its own (Config encodes some values twice). */
function redactLeaf(text: string): string {
  if (/^\s*[[{]/.test(text)) {
    try {
      const inner = JSON.parse(text) as Json;
      const clean = redact(inner);
      return clean === inner ? text : JSON.stringify(clean);
    } catch {
      // Not a document: a text like any other.
    }
  }
  return redactText(text);
}
