/**
 * ARM resource ids, which are compared without case and are lower case here.
 *
 * A live id is `/subscriptions/…/providers/<namespace>/<type>/<name>/<child type>/<child name>`; an extension resource
 * (a lock, a diagnostic setting) appends another `/providers/…` to the id of what it extends. In a template, where
 * subscription and group are not known, an id starts at the namespace: `microsoft.storage/storageaccounts/<name>`.
 */

/** One `/providers/…` section of an id: the namespace, then type and name by turns. */
interface Section {
  readonly type: string;
  /** Where the section's parts end within the id, after each (type, name) pair; the type at that depth. */
  readonly steps: readonly { readonly type: string; readonly name: string; readonly end: number }[];
}

const PROVIDERS = '/providers/';

function sections(id: string): readonly Section[] {
  const lower = id.toLowerCase();
  const found: Section[] = [];
  let start = lower.indexOf(PROVIDERS);
  // A template's id has no `/providers/` before its first section.
  let from = lower.startsWith('/') ? (start < 0 ? -1 : start + PROVIDERS.length) : 0;
  while (from >= 0) {
    const next = lower.indexOf(PROVIDERS, from);
    const end = next < 0 ? lower.length : next;
    const parts = lower.slice(from, end).split('/');
    const steps: { type: string; name: string; end: number }[] = [];
    let type = parts[0] ?? '';
    let at = from + type.length;
    for (let i = 1; i + 1 < parts.length; i += 2) {
      const typePart = parts[i] ?? '';
      const name = parts[i + 1] ?? '';
      type += `/${typePart}`;
      at += 1 + typePart.length + 1 + name.length;
      steps.push({ type, name, end: at });
    }
    found.push({ type, steps });
    start = next;
    from = start < 0 ? -1 : start + PROVIDERS.length;
  }
  return found;
}

/** The type that an id names, lower case (`microsoft.storage/storageaccounts`); undefined if it names no resource of a provider. */
export function armType(id: string): string | undefined {
  const lower = id.toLowerCase();
  const last = sections(id).at(-1);
  if (last !== undefined && last.steps.length > 0) return last.type;
  if (/^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+$/.test(lower)) {
    return 'microsoft.resources/subscriptions/resourcegroups';
  }
  return /^\/subscriptions\/[^/]+$/.test(lower) ? 'microsoft.resources/subscriptions' : undefined;
}

/** A template's id with a piece that is not known, which stands in braces; no other id has any. */
export const hasHole = (id: string): boolean => id.includes('{');

/** Nothing at all is known of the id. */
export const isHole = (id: string): boolean => /^\{[^/]*\}$/.test(id);

/** The last segment of an id, as spelled. */
export const armName = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/** The subscription of a live id, lower case. */
export const subscriptionOf = (id: string): string | undefined =>
  /^\/subscriptions\/([^/]+)/i.exec(id)?.[1]?.toLowerCase();

/**
 * The id of the nearest resource of this type (lower case) that the id names or lies under, lower case; undefined if
 * there is none. `ancestorOf('…/storageaccounts/a/blobservices/default', 'microsoft.storage/storageaccounts')`
 */
export function ancestorOf(id: string, type: string): string | undefined {
  for (const section of sections(id).toReversed()) {
    for (const step of section.steps.toReversed()) if (step.type === type) return id.slice(0, step.end).toLowerCase();
  }
  return undefined;
}

/** The id that an extension resource extends (a lock's or a diagnostic setting's scope), lower case. */
export function scopeOf(id: string): string | undefined {
  const at = id.toLowerCase().lastIndexOf(PROVIDERS);
  return at <= 0 ? undefined : id.slice(0, at).toLowerCase();
}

/** True if the text looks like the id of a live ARM resource. */
export const isArmId = (text: unknown): text is string =>
  typeof text === 'string' && /^\/(subscriptions|providers|tenants)\/[^/]/i.test(text);

/** A location as ARM compares it: `East US` and `eastus` are one. */
export const armLocation = (location: string): string => location.toLowerCase().replaceAll(' ', '');
