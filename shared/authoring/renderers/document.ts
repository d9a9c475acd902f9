/**
 * Drafts of native documents, and the envelope of each dialect: what stands around the resources, how tags are written,
 * and how the document says that it cannot know a value yet. A draft is the resources of one document by a short name.
 */
import { isObject, type Json } from '../../model/json.ts';
import type { Dialect } from '../../model/native.ts';

export type JsonObject = { readonly [key: string]: Json };
/** The resources of a document, as the envelope takes them, by a short name. */
export type Draft = JsonObject;

/** Takes a property away. */
export const GONE = Symbol('gone');
/** Changes of a draft: JSON Pointer -> value. A last segment `-` appends to a list; missing objects and lists are made. */
export type Edits = { readonly [pointer: string]: Json | typeof GONE };

type Mutable = { [key: string]: Json } | Json[];

/** The draft after the changes; shares nothing that was changed with the draft before. */
export function edited(draft: Draft, edits: readonly Edits[]): Draft {
  const after = structuredClone(draft);
  for (const edit of edits) {
    for (const [pointer, value] of Object.entries(edit)) {
      const segments = pointer.split('/').slice(1);
      let place: Mutable = after;
      for (const [i, segment] of segments.entries()) {
        const list: Json[] | undefined = Array.isArray(place) ? place : undefined;
        const key: string | number = list === undefined ? segment : segment === '-' ? list.length : Number(segment);
        const at = place as { [key: string | number]: Json };
        if (i < segments.length - 1) {
          if (!isObject(at[key]) && !Array.isArray(at[key])) {
            if (value === GONE) break;
            at[key] = /^(?:-|\d+)$/.test(segments[i + 1] ?? '') ? [] : {};
          }
          place = at[key] as Mutable;
        } else if (value === GONE) {
          if (list === undefined) delete at[key];
        } else at[key] = structuredClone(value);
      }
    }
  }
  return after;
}

/** A JSON value that the document holds as text. */
export const text = (value: Json): Json => ({ $text: value });
/** The document with its texts written. */
export function withTexts(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(withTexts);
  if (!isObject(value)) return value;
  const object = value;
  if (object['$text'] !== undefined) return JSON.stringify(withTexts(object['$text']));
  return Object.fromEntries(Object.entries(object).map(([k, v]) => [k, withTexts(v)]));
}

/** A value that the document does not know yet, for these references. Only in drafts of plans. */
export const later = (...references: readonly string[]): Json => ({ $later: references });
const laterOf = (value: Json | undefined): readonly string[] | undefined =>
  isObject(value) && Array.isArray(value['$later']) ? (value['$later'] as readonly string[]) : undefined;

export interface Envelope {
  readonly dialect: Dialect;
  /** The document. */
  readonly write: (draft: Draft) => Json;
  /** The tags of a resource of the draft; undefined: the document does not show them. */
  readonly tags: (resource: string, tags: readonly Tag[] | undefined) => Edits | undefined;
  /** What the document says of a value that it does not know; undefined: it can only leave it out. */
  readonly open?: Json;
}
export interface Tag {
  readonly key: string;
  readonly value: string;
}

const record = (tags: readonly Tag[]): JsonObject => Object.fromEntries(tags.map((t) => [t.key, t.value]));
const parts = (draft: Draft): readonly JsonObject[] => Object.values(draft).filter(isObject) as readonly JsonObject[];

// ── AWS ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const ACCOUNT = '111122223333';
const CAPTURED = '2026-10-14T09:21:04.118Z';

/** A list of Config items. A resource of the draft: `{type, id, arn, name?, region?, configuration, supplement?, tags?}`. */
export const configItems: Envelope = {
  dialect: 'aws.config',
  write: (draft) => ({
    configurationItems: parts(withTexts(draft) as Draft).map(
      ({ type, id, arn, name, region, configuration, supplement, tags }) => ({
        version: '1.3',
        accountId: ACCOUNT,
        configurationItemCaptureTime: CAPTURED,
        configurationItemStatus: 'OK',
        configurationStateId: '1791969664118',
        resourceType: type ?? null,
        resourceId: id ?? null,
        resourceName: name ?? id ?? null,
        awsRegion: region ?? 'eu-west-1',
        ...(arn === undefined ? {} : { arn }),
        ...(tags === undefined ? {} : { tags }),
        relationships: [],
        configuration: JSON.stringify(configuration),
        supplementaryConfiguration: Object.fromEntries(
          Object.entries((supplement ?? {}) as JsonObject).map(([k, v]) => [k, JSON.stringify(v)]),
        ),
      }),
    ),
  }),
  tags: (resource, tags) => ({ [`/${resource}/tags`]: tags === undefined ? GONE : record(tags) }),
};

/** Answers of AWS APIs, as a list; a resource of the draft is an answer. */
export const awsApi: Envelope = {
  dialect: 'aws.api',
  write: (draft) => parts(draft),
  tags: (resource, tags) => ({
    [`/${resource}/Tags`]: tags === undefined ? GONE : tags.map((t) => ({ Key: t.key, Value: t.value })),
  }),
};

/** A CloudFormation template; a resource of the draft is one of the template. */
export const cfnTemplate: Envelope = {
  dialect: 'aws.cfn',
  write: (draft) => ({
    AWSTemplateFormatVersion: '2010-09-09',
    ...(JSON.stringify(draft).includes('"Ref":"Given"') ? { Parameters: { Given: { Type: 'String' } } } : {}),
    Resources: draft,
  }),
  tags: (resource, tags) => ({
    [`/${resource}/Properties/Tags`]:
      tags === undefined ? { Ref: 'Given' } : tags.map((t) => ({ Key: t.key, Value: t.value })),
  }),
  open: { Ref: 'Given' },
};

// ── Azure ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const SUBSCRIPTION = '/subscriptions/6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90';
export const GROUP: string = `${SUBSCRIPTION}/resourceGroups/rg-claims/providers`;

/** Bodies of the ARM REST API, in one list. */
export const armRest: Envelope = {
  dialect: 'azure.arm',
  write: (draft) => ({ value: parts(draft) }),
  tags: (resource, tags) => ({ [`/${resource}/tags`]: record(tags ?? []) }),
};

/** An ARM template. */
export const armTemplate: Envelope = {
  dialect: 'azure.arm',
  write: (draft) => ({
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    ...(JSON.stringify(draft).includes("[parameters('given')]") ? { parameters: { given: { type: 'string' } } } : {}),
    resources: parts(draft),
  }),
  tags: (resource, tags) => ({ [`/${resource}/tags`]: tags === undefined ? "[parameters('given')]" : record(tags) }),
  open: "[parameters('given')]",
};

/** Azure Resource Notifications: one event for each resource. */
export const armNotification: Envelope = {
  dialect: 'azure.notification',
  write: (draft) =>
    parts(draft).map((resourceInfo, i) => ({
      id: `9d1c7b7e-41f0-4a4e-9f8c-6a1d6a3e2f1${i}`,
      topic: SUBSCRIPTION,
      subject: resourceInfo['id'] ?? null,
      data: {
        resourceInfo: Object.fromEntries(
          Object.entries(resourceInfo).map(([k, v]) => [k, k === 'properties' ? asNumbers(v) : v]),
        ),
        apiVersion: '2024-01-01',
        operationalInfo: { resourceEventTime: '2026-03-18T09:24:51.4823117+00:00' },
      },
      eventType: 'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated',
      dataVersion: '1',
      metadataVersion: '1',
      eventTime: '2026-03-18T09:24:53.0110642Z',
    })),
  tags: (resource, tags) => ({ [`/${resource}/tags`]: tags === undefined ? GONE : record(tags) }),
};

/** Notifications write booleans as 1 and 0. */
function asNumbers(value: Json): Json {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (Array.isArray(value)) return (value as readonly Json[]).map(asNumbers);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, asNumbers(v)])) : value;
}

// ── Google Cloud ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A label's value as Google Cloud takes it. https://cloud.google.com/resource-manager/docs/labels-overview (read 2026-11-25) */
const areLabels = (tags: readonly Tag[]): boolean =>
  tags.every((t) => /^[a-z][a-z0-9_-]{0,62}$/.test(t.key) && /^[a-z0-9_-]{0,63}$/.test(t.value));

export const ANCESTORS: readonly string[] = ['projects/417203886120', 'folders/882015', 'organizations/770041'];

/** Assets of Cloud Asset Inventory; `labels` says where in an asset its labels stand, where it has any. */
export const caiAssets = (labels: string | undefined): Envelope => ({
  dialect: 'gcp.cai',
  write: (draft) =>
    parts(draft).map((asset) => ({ ancestors: ANCESTORS, updateTime: '2026-03-18T09:24:51.482913Z', ...asset })),
  tags: (resource, tags) =>
    tags === undefined
      ? { [`/${resource}/resource`]: GONE }
      : labels === undefined
        ? tags.length === 0
          ? {}
          : undefined
        : areLabels(tags)
          ? { [`/${resource}/resource/data${labels}`]: record(tags) }
          : undefined,
});

// ── Terraform ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a plan has at a place: the value without what is known later, the marks of what is, and the expression. */
interface Planned {
  readonly after: Json | undefined;
  readonly unknown: Json | undefined;
  readonly expression: Json;
}

function planned(value: Json): Planned {
  const references = laterOf(value);
  if (references !== undefined) return { after: undefined, unknown: true, expression: { references } };
  const isBlocks = Array.isArray(value) && value.length > 0 && value.every((v) => isObject(v));
  if (!isBlocks) return { after: value, unknown: undefined, expression: { constant_value: value } };
  const blocks = (value as readonly JsonObject[]).map(body);
  const unknown = blocks.some((b) => Object.keys(b.unknown).length > 0) ? blocks.map((b) => b.unknown) : undefined;
  return { after: blocks.map((b) => b.after), unknown, expression: blocks.map((b) => b.expressions) };
}

function body(values: JsonObject): { after: JsonObject; unknown: JsonObject; expressions: JsonObject } {
  const [after, unknown, expressions]: { [key: string]: Json }[] = [{}, {}, {}];
  for (const [key, value] of Object.entries(values)) {
    const p = planned(value);
    if (p.after !== undefined && after !== undefined) after[key] = p.after;
    if (p.unknown !== undefined && unknown !== undefined) unknown[key] = p.unknown;
    const isSaid = value !== null && !(Array.isArray(value) && value.length === 0);
    if (isSaid && expressions !== undefined) expressions[key] = p.expression;
  }
  return { after: after ?? {}, unknown: unknown ?? {}, expressions: expressions ?? {} };
}

/**
 * A Terraform plan that creates the resources of the draft, `{type, values, existing?}` by name (those marked as existing
 * are there and stay as they are).
 */
export const terraformPlan = (provider: 'aws' | 'azurerm' | 'google', labels: readonly string[]): Envelope => ({
  dialect: 'terraform',
  write: (draft) => {
    const full = `registry.terraform.io/hashicorp/${provider}`;
    const resources = Object.entries(draft).map(([key, resource]) => {
      const { type, values, existing } = resource as JsonObject;
      const { after, unknown, expressions } = body((values ?? {}) as JsonObject);
      const head = {
        address: `${typeof type === 'string' ? type : ''}.${key}`,
        mode: 'managed',
        type: type ?? null,
        name: key,
      };
      return { head, after, unknown, expressions, existing: existing === true };
    });
    return {
      format_version: '1.2',
      terraform_version: '1.13.4',
      resource_changes: resources.map(({ head, after, unknown, existing }) => ({
        ...head,
        provider_name: full,
        change: {
          actions: [!existing ? 'create' : Object.keys(unknown).length > 0 ? 'update' : 'no-op'],
          before: existing ? after : null,
          after,
          after_unknown: existing ? unknown : { ...unknown, id: true },
          before_sensitive: existing ? {} : false,
          after_sensitive: {},
        },
      })),
      configuration: {
        provider_config: { [provider]: { name: provider, full_name: full, expressions: PROVIDER[provider] ?? {} } },
        root_module: {
          resources: resources.map(({ head, expressions }) => ({
            ...head,
            provider_config_key: provider,
            expressions,
            schema_version: 0,
          })),
        },
      },
    };
  },
  tags: (resource, tags) => {
    if (tags !== undefined && provider === 'google' && !areLabels(tags)) return undefined;
    return Object.fromEntries(
      labels.map((label) => [
        `/${resource}/values/${label}`,
        tags === undefined ? later('terraform_data.tags.output', 'terraform_data.tags') : record(tags),
      ]),
    );
  },
  open: later('terraform_data.guardrails.output', 'terraform_data.guardrails'),
});

const PROVIDER: { readonly [provider: string]: JsonObject } = {
  aws: { region: { constant_value: 'eu-west-1' } },
  azurerm: { features: [{}] },
  google: { project: { constant_value: 'acme-claims' }, region: { constant_value: 'europe-west3' } },
};
