/**
 * The contracts on the changes queue: a change of the world, and the wish to judge a resource again. Strict and
 * versioned: an unknown version or an unknown key is quarantined, never guessed at.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { CLOUDS } from './cloud.ts';
import { canonicalJson, type Json } from './json.ts';
import { DIALECTS } from './native.ts';

/** The largest message that is put on the queue (SQS takes 1 MiB since 2025, EventBridge targets and DLQs 256 KB): bytes. */
export const MAX_CHANGE_BYTES = 240 * 1024;
/** A native document larger than this travels compressed: bytes of JSON. */
export const INLINE_DOCUMENT_BYTES = 48 * 1024;
/** How far ahead of our clock a provider's may be. A key beyond it would win over everything that follows: quarantined. */
export const MAX_AHEAD_MS = 5 * 60 * 1000;

/** ISO-8601 UTC with milliseconds: compares as a string in the order of time. */
export const instantSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, 'an instant such as 2026-11-25T09:00:00.000Z');
const name = z.string().min(1).max(256);
const id = z.string().min(1).max(2048);
// Any JSON: native documents are loose.
const json = z.custom<Json>((value) => value !== undefined);

/** What a form's reader is told beside the document (see `ReadOptions` of shared/mappings/form.ts). */
const readSchema = z.strictObject({
  account: name.optional(),
  region: name.optional(),
  /** The version of a document that carries none of its own. For a read-back or a sweep see `readKey`. */
  orderKey: name.optional(),
  changedAt: instantSchema.optional(),
  actor: z.string().max(512).optional(),
  /** The document answers a list of everything below this collection. */
  listOf: id.optional(),
  /** The provider refused to show it when it was read: the document only names it. */
  denied: z.literal(true).optional(),
});

const documentSchema = z.strictObject({
  is: z.literal('document'),
  form: name,
  document: json,
  read: readSchema.optional(),
});
const compressedSchema = z.strictObject({
  is: z.literal('compressed'),
  form: name,
  /** The document's JSON, gzip, base64. */
  gzip: z.string().min(1),
  read: readSchema.optional(),
});
/** What one read of a resource found: documents that show one instant together. */
const documentsSchema = z.strictObject({
  is: z.literal('documents'),
  documents: z.array(z.discriminatedUnion('is', [documentSchema, compressedSchema])).min(1),
});
/** The provider said that something changed and not what it is now: it is read back by the consumer. */
const noticeSchema = z.strictObject({
  is: z.literal('notice'),
  cloud: z.enum(CLOUDS),
  /** The provider's id of the resource. */
  resourceId: id,
  nativeType: name.optional(),
  account: name.optional(),
  region: name.optional(),
  /** When the world changed, by the provider. */
  changedAt: instantSchema,
  actor: z.string().max(512).optional(),
  /** What the reader needs besides (a capture time, an api version): small strings. */
  hints: z.record(name, z.string().max(512)).optional(),
});

/** A complete list of everything lacks it: whoever lists everything says that it is gone, and no document does. */
const absenceSchema = z.strictObject({
  is: z.literal('absence'),
  /** The resource, named as its main document named it. */
  resourceId: id,
  dialect: z.enum(DIALECTS),
  nativeType: name,
  /** What the resource was called. */
  name: id.optional(),
  account: name.optional(),
  region: name.optional(),
  /** When the list began, less how far it may lie behind: the version of the deletion. */
  absentAt: instantSchema,
});

/** The provider refused to show it when it was read (`readKey`): what was known of it is known no more. */
const denialSchema = z.strictObject({
  is: z.literal('denial'),
  resourceId: id,
  dialect: z.enum(DIALECTS),
  nativeType: name,
  /** What the resource is called. */
  name: id.optional(),
  account: name.optional(),
  region: name.optional(),
  changedAt: instantSchema,
});

export const changeSchema = z.strictObject({
  type: z.literal('change'),
  version: z.literal(1),
  /** Derived from the content: the same news has the same id, however often it is told. */
  changeId: z.string().regex(/^[0-9a-f]{32}$/),
  /** Who told: `aws.config`, `azure.event-grid`, `gcp.asset-feed`, `aws.sweep`, `cli` … */
  source: name,
  /** `event`: the provider told us. `sweep`: we asked for everything. `read_back`: we asked for this one. */
  origin: z.enum(['event', 'sweep', 'read_back']),
  receivedAt: instantSchema,
  /** Only what was read and not told (sweep, read-back): the instant the read started minus the source's lag. It keys documents without a version of their own. */
  readKey: instantSchema.optional(),
  /**
   * The sweep it belongs to; `baseline`: the source has never been swept before, so what it finds is reported as one digest.
   * `absentAt`: an earlier sweep took the resource for gone as of then, and this one lists it: it is there, whatever the
   * version of its document.
   */
  sweep: z.strictObject({ id: name, baseline: z.boolean(), absentAt: instantSchema.optional() }).optional(),
  /**
   * Its documents were read before, by other mappings: what this build reads in them stands in place of that, and of no
   * other version. The instant at which that was asked for.
   */
  derivedAt: instantSchema.optional(),
  content: z.discriminatedUnion('is', [
    documentSchema,
    compressedSchema,
    documentsSchema,
    noticeSchema,
    absenceSchema,
    denialSchema,
  ]),
});

/** One observed native document (or the notice of one) from one source. */
export type Change = z.infer<typeof changeSchema>;
export type Notice = z.infer<typeof noticeSchema>;
export type Absence = z.infer<typeof absenceSchema>;
/** One document with its form, as it is or compressed. */
export type Told = z.infer<typeof documentSchema> | z.infer<typeof compressedSchema>;
export type ReadHints = z.infer<typeof readSchema>;

/** Why a resource is judged again although none of its documents changed. */
export const REJUDGE_CAUSES = ['dependency', 'activation', 'clock', 'repair', 'exception'] as const;
export const rejudgeSchema = z.strictObject({
  type: z.literal('rejudge'),
  version: z.literal(1),
  resourceId: id,
  cause: z.enum(REJUDGE_CAUSES),
  /** `dependency`: the resource that changed, the change that did it, when and by whom. */
  dependency: z
    .strictObject({
      resourceId: id,
      changeId: z.string().max(64).optional(),
      trueAt: instantSchema,
      actor: z.string().max(512).optional(),
      /** The first sweep of its source found it: what follows from it is part of that sweep's digest, too. */
      baseline: name.optional(),
    })
    .optional(),
});
export type Rejudge = z.infer<typeof rejudgeSchema>;

/** Everything that may lie on the queues of the evaluator. */
export const queueMessageSchema = z.discriminatedUnion('type', [changeSchema, rejudgeSchema]);
export type QueueMessage = z.infer<typeof queueMessageSchema>;

/** SHA-256 of a value's canonical JSON, first 128 bits, hex. */
export const contentHash = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);

/** The id of a change: the same source, reading and content give the same id, whenever and however often it is received. */
export const changeIdOf = (change: Pick<Change, 'source' | 'content' | 'readKey'>): string =>
  contentHash([change.source, change.readKey ?? null, change.content]);

/** An instant as we write it: ISO-8601 UTC, milliseconds. */
export const instant = (epochMs: number): string => new Date(epochMs).toISOString();

/** The instant that a provider's timestamp names, in our spelling (fractions cut to milliseconds); undefined if it is none. */
export function parseInstant(text: string): string | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : instant(ms);
}
