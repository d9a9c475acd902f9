/** Values that nobody queries by: JSON in a string, compressed where that saves write units. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { AppError } from '../../model/errors.ts';

/** Above this many characters, JSON of configurations shrinks to a fifth. */
const COMPRESS_ABOVE = 2048;

export const pack = (value: unknown): string | Uint8Array => {
  const json = JSON.stringify(value);
  return json.length > COMPRESS_ABOVE ? gzipSync(json) : json;
};

/** The value that was packed; `INVARIANT_BROKEN` if it was not packed by us. */
export function unpack(packed: unknown): unknown {
  if (typeof packed === 'string') return JSON.parse(packed);
  if (packed instanceof Uint8Array) return JSON.parse(gunzipSync(packed).toString('utf8'));
  throw new AppError('INVARIANT_BROKEN', 'an item holds something else than packed JSON');
}
