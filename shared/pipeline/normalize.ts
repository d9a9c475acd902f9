import { gunzipSync } from 'node:zlib';
import { mainPart, nativeTypes, readPart } from '../mappings/assemble.ts';
import type { DocumentForm } from '../mappings/form.ts';
import type { Mapping, OwnerRef } from '../mappings/mapping.ts';
import type { Candidate, Registry } from '../mappings/registry.ts';
import { armType } from '../mappings/azure/arm-id.ts';
import { isCanaryAccount } from '../model/canary.ts';
import {
  type Absence,
  type Change,
  changeIdOf,
  instant,
  MAX_AHEAD_MS,
  type Notice,
  parseInstant,
  type Told,
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
import { toldOf } from './observe.ts';
import type { Normalized, Outcome, PartUpdate, Work } from './stages.ts';

export interface NormalizeDeps {
  readonly forms: readonly DocumentForm[];
  readonly registry: Registry;
  /** By the notice's cloud; a cloud that is not there cannot be read back. */
  readonly readBack: { readonly [cloud: string]: ReadBack };
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  /**
   * Told of every change of something mapped, with what was read in place of the notice: delivered again, it asks nobody.
   * Its id is that of this content. Never throws. @default nobody is told
   */
  readonly keep?: ((told: Change) => void) | undefined;
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
        const { natives, unsupported: unknown, told: whole } = await nativesOf(deps, change, until);
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
        // What is read again is kept already, and of the canary there is no history.
        else if (change.derivedAt === undefined && !natives.every((n) => isCanaryAccount(n.account)))
          deps.keep?.(asKept(whole));
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

/** What a change holds. */
interface Natives {
  readonly natives: readonly NativeResource[];
  /** Native types that nothing can read. */
  readonly unsupported: readonly string[];
  /** The change with what it led to in place of a notice. */
  readonly told: Change;
}

async function nativesOf(deps: NormalizeDeps, change: Change, until: number): Promise<Natives> {
  if (change.content.is !== 'notice') return { natives: held(deps, change), unsupported: [], told: change };
  const answered = await readBack(deps, change.content, until);
  if (typeof answered === 'string') return { natives: [], unsupported: [answered], told: change };
  const told = { ...change, ...answered };
  return { natives: held(deps, told), unsupported: [], told };
}

/** What stands in a change that is no notice. */
function held(deps: NormalizeDeps, change: Change): readonly NativeResource[] {
  const { content } = change;
  switch (content.is) {
    case 'document':
    case 'compressed':
      return readTold(deps, change, content);
    case 'documents':
      return content.documents.flatMap((told) => readTold(deps, change, told));
    case 'absence':
      return [withoutDocument(content, content.absentAt, { changedAt: content.absentAt, deleted: true, body: null })];
    case 'denial':
      // Not the state it had: nobody can say that it still has it. Not a deletion either.
      return [
        withoutDocument(content, change.readKey ?? content.changedAt, {
          changedAt: content.changedAt,
          body: new Unresolved('the provider refused to show it'),
          denied: [''],
        }),
      ];
    case 'notice':
      throw new AppError('INVARIANT_BROKEN', 'a notice says nothing before it is read back');
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

function readTold(deps: NormalizeDeps, change: Change, told: Told): readonly NativeResource[] {
  const form = deps.forms.find((f) => f.id === told.form);
  if (form === undefined) throw new AppError('EVENT_INVALID', `no form of document is called ${told.form}`);
  const hints = given(told.read ?? {});
  const orderKey = hints.orderKey ?? change.readKey;
  return form.read(told.is === 'document' ? told.document : unpack(told.gzip), {
    ...hints,
    ...(orderKey === undefined ? {} : { orderKey }),
  });
}

/** What the provider says of a notice, as the change would have said it; or a native type that nothing can read. */
async function readBack(
  deps: NormalizeDeps,
  notice: Notice,
  until: number,
): Promise<Pick<Change, 'content' | 'readKey'> | string> {
  const reader = deps.readBack[notice.cloud];
  if (reader === undefined)
    throw new AppError('EVENT_INVALID', `nothing is configured that could read back from ${notice.cloud}`);
  if (deps.clock.now() >= until)
    throw new AppError('UPSTREAM_UNAVAILABLE', 'the other notices of this batch took the time for reading back');
  const answer = await reader.read(notice);
  const { changedAt, actor, account, region } = notice;
  switch (answer.is) {
    case 'found': {
      const documents = answer.documents.map(
        (d): Told => ({
          is: 'document',
          form: d.form,
          document: redact(d.document),
          read: given({ changedAt, actor, account, region, ...d.read }),
        }),
      );
      const [first] = documents;
      const content = documents.length === 1 && first !== undefined ? first : ({ is: 'documents', documents } as const);
      return { readKey: answer.readKey, content };
    }
    case 'gone':
      return {
        readKey: answer.readKey,
        content: { is: 'absence', ...identified(answer.native), absentAt: answer.readKey },
      };
    case 'denied':
      return { readKey: answer.readKey, content: { is: 'denial', ...identified(answer.native), changedAt } };
    case 'unsupported':
      return answer.nativeType;
  }
}

/** The change as it is kept: large documents compressed, under the id of what it says. */
function asKept(change: Change): Change {
  const { content } = change;
  const small = (told: Told): Told => (told.is === 'document' ? toldOf(told.form, told.document, told.read) : told);
  const compact =
    content.is === 'document'
      ? small(content)
      : content.is === 'documents'
        ? { ...content, documents: content.documents.map(small) }
        : content;
  const kept = { ...change, content: compact };
  return { ...kept, changeId: changeIdOf(kept) };
}

/** A resource without its document, named as its main document would have named it. */
type Named = Pick<Absence, 'resourceId' | 'dialect' | 'nativeType' | 'name' | 'account' | 'region'>;

const identified = ({ id, type, dialect, name, account, region }: NativeIdentity): Named => ({
  resourceId: id,
  dialect,
  nativeType: type,
  ...given({ name, account, region }),
});

/** Without the keys that say nothing. */
const given = <T extends object>(said: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

const withoutDocument = (
  { resourceId, dialect, nativeType, name, account, region }: Named,
  orderKey: string,
  rest: Pick<NativeResource, 'body'> & Partial<Pick<NativeResource, 'deleted' | 'denied' | 'changedAt'>>,
): NativeResource => ({
  dialect,
  type: nativeType,
  id: resourceId,
  ...given({ name, account, region }),
  cloud: cloudOf(dialect),
  pointer: '',
  tags: { state: 'unknown', why: rest.denied === undefined ? 'not_collected' : 'denied' },
  complete: false,
  orderKey,
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
      part: storedPart(candidate, foreign ? { ...native, deleted: true } : native, changedAt, change.derivedAt),
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

function storedPart(
  candidate: Candidate,
  native: NativeResource,
  changedAt: string,
  derivedAt: string | undefined,
): StoredPart {
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
  return sealPart({
    ...part,
    readings: part.readings as StoredPart['readings'],
    changedAt,
    ...given({ derivedAt }),
    about,
  });
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
