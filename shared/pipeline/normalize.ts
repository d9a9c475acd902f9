import { gunzipSync } from 'node:zlib';
import { mainPart, nativeTypes, readPart } from '../mappings/assemble.ts';
import type { DocumentForm } from '../mappings/form.ts';
import type { Mapping, OwnerRef } from '../mappings/mapping.ts';
import type { Candidate, Registry } from '../mappings/registry.ts';
import { armType } from '../mappings/azure/arm-id.ts';
import {
  type Change,
  contentHash,
  instant,
  MAX_AHEAD_MS,
  type Notice,
  parseInstant,
  type ReadHints,
} from '../model/change.ts';
import { AppError, isAppError } from '../model/errors.ts';
import type { Json } from '../model/json.ts';
import { type NativeResource, Unresolved } from '../model/native.ts';
import { redact } from '../model/redact.ts';
import type { About, StoredPart } from '../model/resource.ts';
import type { Clock } from '../ports/clock.ts';
import type { Quarantine } from '../ports/quarantine.ts';
import type { NativeIdentity, ReadBack } from '../ports/read-back.ts';
import { sealPart } from './merge.ts';
import type { Normalized, Outcome, PartUpdate, Work } from './stages.ts';

export interface NormalizeDeps {
  readonly forms: readonly DocumentForm[];
  readonly registry: Registry;
  /** By the notice's cloud; a cloud that is not there cannot be read back. */
  readonly readBack: { readonly [cloud: string]: ReadBack };
  readonly quarantine: Quarantine;
  readonly clock: Clock;
}

/**
 * The longest that the notices of one batch are read back. A provider that does not answer must not hold the changes that
 * came in the same batch until the function's time is over (60 s): all of them would come again, and in the end be dead
 * letters.
 */
export const READ_BACK_MS = 30_000;

/** The largest document that is unpacked: beyond it a small message could fill the memory. Bytes. */
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;

/**
 * Turns changes into part updates, by resource: documents are read (or read back first), mapped, and each part sealed
 * with its version. Never throws over one change: it becomes an outcome (`failed` ones are for the queue to retry).
 */
export function makeNormalize(deps: NormalizeDeps): (changes: readonly Change[]) => Promise<Normalized> {
  return async (changes) => {
    const outcomes: Outcome[] = [];
    const updates: PartUpdate[] = [];
    const until = deps.clock.now() + READ_BACK_MS;
    for (const change of changes) {
      try {
        const { natives, unsupported: unknown } = await nativesOf(deps, change, until);
        const unsupported = [...unknown];
        let some = false;
        const { absentAt } = change.sweep ?? {};
        for (const told of natives) {
          const native = absentAt === undefined || told.deleted === true ? told : thereAfterAll(told, absentAt);
          const made = updatesOf(deps, change, native);
          if (made.length === 0) unsupported.push(native.type);
          else some = true;
          updates.push(...made);
        }
        if (!some) outcomes.push({ changeId: change.changeId, outcome: 'unsupported', nativeTypes: unsupported });
      } catch (error) {
        outcomes.push(await rejected(deps, change, error));
      }
    }
    return { work: byResource(deps.registry, updates), outcomes };
  };
}

/** Content that redelivery cannot help is kept; everything else goes back to the queue. */
async function rejected(deps: NormalizeDeps, change: Change, error: unknown): Promise<Outcome> {
  const { changeId } = change;
  if (!isAppError(error)) return { changeId, outcome: 'failed', code: 'INVARIANT_BROKEN' };
  if (error.code === 'UPSTREAM_NOT_FOUND' || error.code === 'NORMALIZE_FAILED')
    return { changeId, outcome: 'failed', code: error.code };
  if (error.code !== 'EVENT_INVALID' && error.code !== 'CONTRACT_UNKNOWN_VERSION')
    return { changeId, outcome: 'failed', code: error.code };
  try {
    const { pointer } = error.details;
    await deps.quarantine.put({
      id: changeId,
      source: change.source,
      receivedAt: change.receivedAt,
      code: error.code,
      reason: error.message,
      ...(typeof pointer === 'string' ? { pointer } : {}),
      content: JSON.stringify(redact(change.content as Json)),
    });
    return { changeId, outcome: 'quarantined', code: error.code };
  } catch (keeping) {
    // Neither judged nor kept: the queue has it still.
    return { changeId, outcome: 'failed', code: isAppError(keeping) ? keeping.code : 'INVARIANT_BROKEN' };
  }
}

/** What a change holds; `unsupported`: native types that nothing can read. */
interface Natives {
  readonly natives: readonly NativeResource[];
  readonly unsupported: readonly string[];
}
const only = (natives: readonly NativeResource[]): Natives => ({ natives, unsupported: [] });

async function nativesOf(deps: NormalizeDeps, change: Change, until: number): Promise<Natives> {
  const { content } = change;
  switch (content.is) {
    case 'document':
      return only(read(deps, change, content.form, content.document, content.read ?? {}));
    case 'compressed':
      return only(read(deps, change, content.form, unpack(content.gzip), content.read ?? {}));
    case 'notice':
      return readBack(deps, change, content, until);
    case 'absence': {
      const { resourceId, dialect, nativeType, account, region, absentAt } = content;
      const place = { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) };
      const native = { dialect, type: nativeType, id: resourceId, ...place };
      return only([withoutDocument(native, absentAt, { changedAt: absentAt, deleted: true, body: null })]);
    }
  }
}

/**
 * A document of what an earlier sweep took for gone. It is listed, so it is there; but its version is as old as it always
 * was, and the deletion would win. It gets the least version that is newer than that deletion: all other news wins over it.
 */
function thereAfterAll(native: NativeResource, absentAt: string): NativeResource {
  const since = instant(Date.parse(absentAt) + 1);
  const { orderKey, changedAt = since } = native;
  return {
    ...native,
    orderKey: orderKey > absentAt ? orderKey : `${absentAt}~`,
    changedAt: changedAt > absentAt ? changedAt : since,
  };
}

function unpack(gzip: string): Json {
  try {
    return JSON.parse(
      gunzipSync(Buffer.from(gzip, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8'),
    ) as Json;
  } catch (cause) {
    throw new AppError('EVENT_INVALID', 'the compressed document is not gzip of JSON below 32 MB', { cause });
  }
}

function read(
  deps: NormalizeDeps,
  change: Change,
  formId: string,
  document: Json,
  hints: ReadHints,
): readonly NativeResource[] {
  const form = deps.forms.find((f) => f.id === formId);
  if (form === undefined) throw new AppError('EVENT_INVALID', `no form of document is called ${formId}`);
  const orderKey = hints.orderKey ?? change.readKey;
  const given = Object.fromEntries(Object.entries(hints).filter(([, value]) => value !== undefined));
  return form.read(document, { ...given, ...(orderKey === undefined ? {} : { orderKey }) });
}

async function readBack(deps: NormalizeDeps, change: Change, notice: Notice, until: number): Promise<Natives> {
  const reader = deps.readBack[notice.cloud];
  if (reader === undefined)
    throw new AppError('EVENT_INVALID', `nothing is configured that could read back from ${notice.cloud}`);
  if (deps.clock.now() >= until)
    throw new AppError('UPSTREAM_UNAVAILABLE', 'the other notices of this batch took the time for reading back');
  const answer = await reader.read(notice);
  const { changedAt, actor, account, region } = notice;
  const told = { changedAt, actor, account, region };
  switch (answer.is) {
    case 'found':
      return only(
        answer.documents.flatMap((d) =>
          read(deps, { ...change, readKey: answer.readKey }, d.form, redact(d.document), { ...told, ...d.read }),
        ),
      );
    case 'gone':
      return only([withoutDocument(answer.native, answer.readKey, { deleted: true, body: null })]);
    case 'denied':
      // Not the state it had: nobody can say that it still has it. Not a deletion either.
      return only([
        withoutDocument(answer.native, answer.readKey, {
          changedAt,
          body: new Unresolved('the provider refused to show it'),
          denied: [''],
        }),
      ]);
    case 'unsupported':
      return { natives: [], unsupported: [answer.nativeType] };
  }
}

const withoutDocument = (
  native: NativeIdentity,
  readKey: string,
  rest: Pick<NativeResource, 'body'> & Partial<Pick<NativeResource, 'deleted' | 'denied' | 'changedAt'>>,
): NativeResource => ({
  ...native,
  cloud: cloudOf(native.dialect),
  pointer: '',
  tags: { state: 'unknown', why: rest.denied === undefined ? 'not_collected' : 'denied' },
  complete: false,
  orderKey: readKey,
  ...rest,
});

const cloudOf = (dialect: NativeResource['dialect']): NativeResource['cloud'] =>
  dialect.startsWith('azure.') ? 'azure' : dialect.startsWith('gcp.') ? 'gcp' : 'aws';

/**
 * The updates that one native resource makes: of its own resource, and of those it is a part of. None: unsupported.
 *
 * A main document that its part does not accept (an account that turns out to serve no models) says that there is no such
 * resource: what an earlier document, which did not show it, made of it ends.
 */
function updatesOf(deps: NormalizeDeps, change: Change, native: NativeResource): readonly PartUpdate[] {
  const candidates = deps.registry.candidates(native.dialect, native.type);
  if (candidates.length === 0) return [];
  const changedAt = checkVersion(native, deps.clock.now());
  const accepted = new Set(deps.registry.candidatesFor(native));
  const owned = candidates.flatMap((candidate) => {
    if (!accepted.has(candidate) && !candidate.main) return [];
    const resourceId = candidate.main ? native.id : liveId(candidate.mapping.parts[candidate.part]?.owner?.(native));
    return resourceId === undefined ? [] : [{ candidate, resourceId }];
  });
  return unambiguous(owned, native).map(({ candidate, resourceId }) => {
    const foreign = !accepted.has(candidate);
    return {
      resourceId,
      mapping: candidate.mapping.id,
      cloud: candidate.mapping.cloud,
      part: storedPart(candidate, foreign ? { ...native, deleted: true } : native, changedAt),
      main: candidate.main,
      changeId: change.changeId,
      source: change.source,
      ...(foreign ? { foreign } : {}),
      ...(native.actor === undefined ? {} : { actor: native.actor }),
      ...(change.sweep?.baseline === true ? { baseline: change.sweep.id } : {}),
      ...(change.sweep === undefined ? {} : { sweep: change.sweep.id }),
    };
  });
}

interface Owned {
  readonly candidate: Candidate;
  readonly resourceId: string;
}

/** A type that attaches to many things names its owner; the mapping is the one whose main type the owner's id has. */
function unambiguous(owned: readonly Owned[], native: NativeResource): readonly Owned[] {
  const satellites = owned.filter((o) => !o.candidate.main);
  if (satellites.length < 2) return owned;
  return owned.filter(
    (o) => o.candidate.main || typesOf(o.candidate.mapping, native).includes(armType(o.resourceId) ?? ''),
  );
}

function typesOf(mapping: Mapping, native: NativeResource): readonly string[] {
  const part = mapping.parts[mainPart(mapping)];
  return part === undefined ? [] : nativeTypes(part, native.dialect);
}

/** A live document names others by their id; a name or an address is of no use outside a plan or template. */
export function liveId(ref: OwnerRef | undefined): string | undefined {
  if (ref === undefined) return undefined;
  if ('id' in ref) return ref.id;
  return 'refs' in ref ? ref.refs[0] : undefined;
}

/**
 * Refuses documents that cannot be put in order: plans (they say what is intended), documents without a version, and
 * versions from the future, which would win over everything that follows. Returns when the world changed.
 */
function checkVersion(native: NativeResource, nowMs: number): string {
  const invalid = (reason: string): AppError =>
    new AppError('EVENT_INVALID', `${native.type}: ${reason}`, { details: { pointer: native.pointer } });
  if (native.complete) throw invalid('a plan or a template says what is intended, not what is');
  if (native.orderKey === '') throw invalid('the document has no version of its own and its source gave none');
  const keyed = timeOf(native.orderKey);
  const changedAt = native.changedAt === undefined ? keyed : parseInstant(native.changedAt);
  if (changedAt === undefined) throw invalid('the document does not say when it changed');
  const latest = instant(nowMs + MAX_AHEAD_MS);
  if (changedAt > latest || (keyed !== undefined && keyed > latest))
    throw invalid('its version is more than five minutes in the future');
  return changedAt;
}

/** The instant that an order key begins with. */
const timeOf = (orderKey: string): string | undefined => {
  const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?/.exec(orderKey)?.[0];
  return iso === undefined ? undefined : parseInstant(`${iso.slice(0, 23)}Z`);
};

function storedPart(candidate: Candidate, native: NativeResource, changedAt: string): StoredPart {
  const part = readPart(candidate.mapping, candidate.part, native);
  const about: About = {
    nativeType: native.type,
    ...(native.account === undefined ? {} : { account: native.account }),
    ...(native.region === undefined ? {} : { region: native.region }),
    ...(candidate.main
      ? {
          ...(native.name === undefined ? {} : { name: native.name }),
          tags: native.tags,
          ...dependsOn(candidate.mapping, native),
        }
      : {}),
  };
  return sealPart({ ...part, readings: part.readings as StoredPart['readings'], changedAt, about });
}

function dependsOn(mapping: Mapping, native: NativeResource): Pick<About, 'dependsOn'> {
  if (native.deleted === true) return {};
  const named: Record<string, string | null> = {};
  for (const [name, dependency] of Object.entries(mapping.dependsOn ?? {})) {
    const ref = dependency.on(native);
    if (ref !== undefined) named[name] = liveId(ref) ?? null;
  }
  return Object.keys(named).length === 0 ? {} : { dependsOn: named };
}

/** The updates of each resource, those first that others depend on: so that fewer are judged twice. */
function byResource(registry: Registry, updates: readonly PartUpdate[]): readonly Work[] {
  const work = new Map<string, PartUpdate[]>();
  for (const update of updates) {
    const others = work.get(update.resourceId);
    if (others === undefined) work.set(update.resourceId, [update]);
    else others.push(update);
  }
  const last = (w: Work): number => Number(!w.updates.some((u) => registry.mapping(u.mapping)?.kind === null));
  return [...work]
    .map(([resourceId, of]): Work => ({ resourceId, updates: of, rejudge: [] }))
    .sort((a, b) => last(a) - last(b));
}

/** The id of content that is kept although it never became a change. */
export const quarantineId = (source: string, content: string): string => contentHash([source, content]);
