import { gzipSync } from 'node:zlib';
import type { DocumentForm } from '../mappings/form.ts';
import {
  type Change,
  changeIdOf,
  contentHash,
  INLINE_DOCUMENT_BYTES,
  MAX_CHANGE_BYTES,
  type Told,
} from '../model/change.ts';
import type { Json } from '../model/json.ts';
import { redact } from '../model/redact.ts';
import type { Quarantine } from '../ports/quarantine.ts';
import type { Observation, Observed } from './stages.ts';

export interface ObserveDeps {
  readonly forms: readonly DocumentForm[];
  readonly quarantine: Quarantine;
}

/** The most that is kept of a document that cannot be used: characters. */
const KEPT_CHARS = 1024 * 1024;

/**
 * Turns one document from one source into the change that goes on the queue: its form named, its secrets taken out,
 * small enough. The same document of the same source gives the same change id. A document of no known form, or one that
 * is too large even compressed, is quarantined. Errors: `STORE_UNAVAILABLE` (the quarantine; retry).
 */
export function makeObserve(deps: ObserveDeps): (observation: Observation) => Promise<Observed> {
  return async (observation) => {
    const document = redact(observation.document);
    const quarantined = async (reason: string): Promise<Observed> => {
      const content = JSON.stringify(document);
      const id = contentHash([observation.source, content]);
      await deps.quarantine.put({
        id,
        source: observation.source,
        receivedAt: observation.receivedAt,
        code: 'EVENT_INVALID',
        reason,
        content: content.slice(0, KEPT_CHARS),
      });
      return { changes: [], outcomes: [{ changeId: id, outcome: 'quarantined', code: 'EVENT_INVALID' }] };
    };

    const form = observation.form ?? deps.forms.find((f) => f.detect(document))?.id;
    if (form === undefined) return quarantined('the document is of no known form');
    const { source, origin, receivedAt, read, readKey, sweep } = observation;
    const made = {
      type: 'change',
      version: 1,
      source,
      origin,
      receivedAt,
      ...(readKey === undefined ? {} : { readKey }),
      ...(sweep === undefined ? {} : { sweep }),
      content: toldOf(form, document, read),
    } as const;
    const change: Change = { ...made, changeId: changeIdOf(made) };
    if (Buffer.byteLength(JSON.stringify(change)) > MAX_CHANGE_BYTES)
      return quarantined(`a change is at most ${MAX_CHANGE_BYTES} bytes, compressed`);
    return { changes: [change], outcomes: [] };
  };
}

/** A document as a change holds it: compressed where it is large. */
export function toldOf(form: string, document: Json, read: Observation['read']): Told {
  const told = read === undefined ? {} : { read };
  const json = JSON.stringify(document);
  return Buffer.byteLength(json) <= INLINE_DOCUMENT_BYTES
    ? { is: 'document', form, document, ...told }
    : { is: 'compressed', form, gzip: gzipSync(json).toString('base64'), ...told };
}
