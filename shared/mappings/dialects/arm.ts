/**
 * ARM resources as the API states them: REST bodies (one resource, or a list answer) and Resource Graph answers.
 * Templates are in arm-template.ts; all three are one dialect, `azure.arm`.
 */
import type { State } from '../../model/fact.ts';
import { isObject, type Json, pointerSegment } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { armLocation, armName, armType, isArmId, subscriptionOf } from '../azure/arm-id.ts';
import { scalarText } from '../azure/seen.ts';
import type { DocumentForm, ReadOptions } from '../form.ts';

type Object_ = { readonly [key: string]: Json };
const object = (value: Json | undefined): Object_ | undefined => (isObject(value) ? value : undefined);

/** The value of a property in whatever case the document spells it. */
function property(of: Object_, name: string): { readonly key: string; readonly value: Json } | undefined {
  const key = Object.hasOwn(of, name) ? name : Object.keys(of).find((k) => k.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? undefined : of[key];
  return key === undefined || value === undefined ? undefined : { key, value };
}

/** Tags of an ARM resource at a pointer; `undefined` where the document has none. */
export function armTags(value: Body | undefined, at: string): NativeResource['tags'] {
  if (value instanceof Unresolved) return { state: 'unknown', why: 'unresolved', at, detail: value.detail };
  if (!isObject(value)) return { state: 'unknown', why: 'invalid', at, detail: 'expected an object of tags' };
  const tags: { key: string; value: string }[] = [];
  let closed = true;
  for (const [key, tag] of Object.entries(value)) {
    if (typeof tag === 'string' || typeof tag === 'number' || typeof tag === 'boolean') {
      tags.push({ key, value: String(tag) });
    } else if (tag !== null) closed = false;
  }
  return { state: 'known', value: tags, closed, at };
}

const NO_TAGS_BY_DEFAULT: State<never[]> = {
  state: 'default',
  value: [],
  closed: true,
  because: 'https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources',
  on: '2026-11-25',
};

/** What stands for `properties` where an answer leaves them out (a generic list, a projection): nothing may be concluded. */
const NOT_SHOWN = new Unresolved('the answer does not show the properties');

/** The document with its properties as an object: a query may state them as text. Anything else shows nothing. */
function shown(document: Object_, properties: ReturnType<typeof property>): Body {
  if (isObject(properties?.value)) return document;
  const { [properties?.key ?? 'properties']: stated, ...others } = document;
  if (typeof stated === 'string') {
    try {
      const parsed: unknown = JSON.parse(stated);
      if (isObject(parsed)) return { ...others, properties: parsed as Body };
    } catch {
      // said below
    }
  }
  return { ...others, properties: NOT_SHOWN };
}

interface Place {
  readonly pointer: string;
  /** What absent tags mean: the API leaves out an empty set; a projection or a notification may leave out what there is. */
  readonly absentTags: NativeResource['tags'];
}

function resource(document: Object_, place: Place, options: ReadOptions): NativeResource | undefined {
  const spelled = property(document, 'id')?.value;
  if (!isArmId(spelled)) return undefined;
  const said = property(document, 'type')?.value;
  const type = (typeof said === 'string' && said.includes('/') ? said : armType(spelled))?.toLowerCase();
  if (type === undefined) return undefined;
  const name = property(document, 'name')?.value;
  const location = property(document, 'location')?.value;
  const tags = property(document, 'tags');
  const subscription = subscriptionOf(spelled) ?? options.account;
  const properties = property(document, 'properties');
  return {
    dialect: 'azure.arm',
    cloud: 'azure',
    type,
    id: spelled.replace(/\/+$/, '').toLowerCase(),
    name: typeof name === 'string' ? name : armName(spelled),
    ...(subscription === undefined ? {} : { account: subscription }),
    ...(typeof location === 'string' && location !== ''
      ? { region: armLocation(location) }
      : options.region === undefined
        ? {}
        : { region: options.region }),
    body: shown(document, properties),
    pointer: place.pointer,
    tags:
      tags === undefined
        ? place.absentTags
        : tags.value === null
          ? { state: 'known', value: [], closed: true, at: `${place.pointer}/${pointerSegment(tags.key)}` }
          : armTags(tags.value, `${place.pointer}/${pointerSegment(tags.key)}`),
    complete: false,
    orderKey: options.orderKey ?? '',
    ...(options.changedAt === undefined ? {} : { changedAt: options.changedAt }),
    ...(options.actor === undefined ? {} : { actor: options.actor }),
  };
}

/** True for an object that states one ARM resource: a live ARM id, and a type or properties beside it (no event, no template). */
function statesResource(value: Json | undefined): boolean {
  const it = object(value);
  return (
    it !== undefined &&
    isArmId(property(it, 'id')?.value) &&
    !['specversion', 'eventType', 'contentVersion'].some((key) => Object.hasOwn(it, key)) &&
    (property(it, 'type') !== undefined || property(it, 'properties') !== undefined)
  );
}

/** A row of a Resource Graph table carries the columns that a REST body has not. */
const isRow = (value: Json | undefined): boolean => {
  const it = object(value);
  return (
    it !== undefined && statesResource(it) && Object.hasOwn(it, 'subscriptionId') && Object.hasOwn(it, 'resourceGroup')
  );
};

/** Recorded exchanges hold the answer under `body`, beside its `uri`. */
function answer(document: Json): { readonly body: Json | undefined; readonly pointer: string } {
  const it = object(document);
  const recorded = it !== undefined && typeof it['uri'] === 'string' && it['body'] !== undefined;
  return recorded ? { body: it['body'], pointer: '/body' } : { body: document, pointer: '' };
}

/** The type of a list that was read whole: `microsoft.storage/storageaccounts/blobservices/containers#list`. */
export const listType = (childType: string): string => `${childType}#list`;

/**
 * The resource that stands for a whole list below another resource: it says of what is not in it that it does not exist.
 * Its body is `{value: […]}`.
 */
function wholeList(collection: string, body: Json, pointer: string, options: ReadOptions): readonly NativeResource[] {
  const id = collection.replace(/\/+$/, '').toLowerCase();
  const type = armType(`${id}/-`);
  if (type === undefined) return [];
  const subscription = subscriptionOf(id) ?? options.account;
  const whole: NativeResource = {
    dialect: 'azure.arm',
    cloud: 'azure',
    type: listType(type),
    id,
    ...(subscription === undefined ? {} : { account: subscription }),
    body,
    pointer,
    tags: { state: 'unknown', why: 'not_collected', detail: 'a list has no tags' },
    complete: false,
    orderKey: options.orderKey ?? '',
    ...(options.changedAt === undefined ? {} : { changedAt: options.changedAt }),
    ...(options.actor === undefined ? {} : { actor: options.actor }),
  };
  return [whole];
}

const NOT_TOLD = new Unresolved('the provider refused to show it');

/** What ARM refused to show, named by the document or as a whole list: what was known of it is known no more. */
function refused(it: Object_, pointer: string, options: ReadOptions): readonly NativeResource[] {
  const [named] =
    options.listOf === undefined
      ? [resource(it, { pointer, absentTags: NO_TAGS_BY_DEFAULT }, options)]
      : wholeList(options.listOf, null, pointer, options);
  return named === undefined ? [] : [{ ...named, body: NOT_TOLD, denied: [''] }];
}

/**
 * An ARM REST body: one resource, or the answer `{value: […]}` of a list. With `options.listOf` the answer is taken as
 * the whole list below that collection, as one resource in place of its items, so that what vanishes from the list is
 * gone; unless a `nextLink` says that more pages follow.
 */
export const armResource: DocumentForm = {
  id: 'arm-resource',
  title: 'Azure Resource Manager REST body',
  dialect: 'azure.arm',
  detect(document) {
    const { body } = answer(document);
    const it = object(body);
    if (it === undefined || isRow(body)) return false;
    if (statesResource(body)) return true;
    const value = it['value'];
    return Array.isArray(value) && value.length > 0 && value.every((v) => statesResource(v)) && !isRow(value[0]);
  },
  read(document, options) {
    const { body, pointer } = answer(document);
    const it = object(body);
    if (it === undefined) return [];
    if (options.denied === true) return refused(it, pointer, options);
    const value = it['value'];
    if (!Array.isArray(value)) {
      const one = resource(it, { pointer, absentTags: NO_TAGS_BY_DEFAULT }, options);
      return one === undefined ? [] : [one];
    }
    if (options.listOf !== undefined && typeof it['nextLink'] !== 'string') {
      return wholeList(options.listOf, it, pointer, options);
    }
    return (value as readonly Json[]).flatMap((item, i) => {
      const child = object(item);
      const place = { pointer: `${pointer}/value/${i}`, absentTags: NO_TAGS_BY_DEFAULT };
      return child === undefined ? [] : (resource(child, place, options) ?? []);
    });
  },
};

const NOT_PROJECTED: NativeResource['tags'] = {
  state: 'unknown',
  why: 'not_collected',
  detail: 'the row does not show tags',
};

/** The rows of a Resource Graph answer, each with its place and a reader of its cells. */
function rows(body: Json | undefined, pointer: string): readonly { readonly row: Object_; readonly pointer: string }[] {
  const list = (value: readonly Json[], at: string) =>
    value.flatMap((row, i) => (object(row) === undefined ? [] : [{ row: row as Object_, pointer: `${at}/${i}` }]));
  if (Array.isArray(body)) return list(body, pointer);
  const it = object(body);
  if (it === undefined) return [];
  const data = it['data'];
  if (Array.isArray(data)) return list(data, `${pointer}/data`);
  const table = object(data);
  if (table === undefined)
    return isRow(it) ? [{ row: it, pointer }] : list((it['value'] as Json[] | undefined) ?? [], `${pointer}/value`);
  const columns = table['columns'];
  const cells = table['rows'];
  if (!Array.isArray(columns) || !Array.isArray(cells)) return [];
  const names = (columns as readonly Json[]).map((c) => object(c)?.['name']);
  return (cells as readonly Json[]).flatMap((cell, i) => {
    if (!Array.isArray(cell)) return [];
    const row: Record<string, Json> = {};
    names.forEach((name, c) => {
      const value = (cell as readonly Json[])[c];
      if (typeof name === 'string' && value !== undefined) row[name] = value;
    });
    return [{ row, pointer: `${pointer}/data/rows/${i}` }];
  });
}

/** An answer without rows still says how many there are. */
const isEmptyAnswer = (it: Object_): boolean =>
  [it['totalRecords'], it['total_records'], it['count']].some((n) => n === 0);

/**
 * Rows of Azure Resource Graph: `{data: […]}` (objectArray), `{data: {columns, rows}}` (table), a bare array of rows, or
 * one row. In the table form evidence points to the row: a cell has a number, not a name.
 */
export const resourceGraph: DocumentForm = {
  id: 'resource-graph',
  title: 'Azure Resource Graph rows',
  dialect: 'azure.arm',
  detect(document) {
    const { body } = answer(document);
    if (Array.isArray(body)) return body.length > 0 && body.every((row) => statesResource(row as Json));
    const it = object(body);
    if (it === undefined) return false;
    const data = it['data'];
    if (Array.isArray(data)) {
      return data.length > 0 ? data.every((row) => statesResource(row as Json)) : isEmptyAnswer(it);
    }
    const table = object(data);
    if (table !== undefined) {
      const columns = table['columns'];
      return (
        Array.isArray(columns) &&
        Array.isArray(table['rows']) &&
        (columns as readonly Json[]).some((c) => /^id$/i.test(scalarText(object(c)?.['name'])))
      );
    }
    const value = it['value'];
    return (
      isRow(it) ||
      (Array.isArray(value) && value.length > 0 && value.every((v) => statesResource(v)) && isRow(value[0]))
    );
  },
  read(document, options) {
    const { body, pointer } = answer(document);
    return rows(body, pointer).flatMap(
      ({ row, pointer: at }) => resource(row, { pointer: at, absentTags: NOT_PROJECTED }, options) ?? [],
    );
  },
};
