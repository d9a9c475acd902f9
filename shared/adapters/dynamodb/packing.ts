/** Values that nobody queries by: JSON in a string, compressed where that saves write units. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { AppError } from '../../model/errors.ts';

/**
 * The value of an attribute that is the key of an index: DynamoDB refuses the whole item if it is an empty text (an owner
 * tag without a value, say). Such an item is in the index of nobody.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html, read 2026-11-25.
 */
export const indexed = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** Below this many characters a header weighs more than what it saves. */
const COMPRESS_ABOVE = 256;

/** JSON of configurations shrinks to a third, and DynamoDB charges a write for each KB, in every index it goes to. */
export const pack = (value: unknown): string | Uint8Array => {
  const json = JSON.stringify(value);
  if (json.length <= COMPRESS_ABOVE) return json;
  const packed = gzipSync(json);
  return packed.length < json.length ? packed : json;
};

/** As `pack`, as text: what goes through a stream arrives there with its binary values in base64. */
export const packText = (value: unknown): string => {
  const packed = pack(value);
  return typeof packed === 'string' ? packed : Buffer.from(packed).toString('base64');
};

/** No JSON starts like this. */
const GZIP_AS_TEXT = 'H4sI';

/** The value that was packed; `INVARIANT_BROKEN` if it was not packed by us. */
export function unpack(packed: unknown): unknown {
  if (typeof packed === 'string')
    return packed.startsWith(GZIP_AS_TEXT) ? unpack(Buffer.from(packed, 'base64')) : JSON.parse(packed);
  if (packed instanceof Uint8Array) return JSON.parse(gunzipSync(packed).toString('utf8'));
  throw new AppError('INVARIANT_BROKEN', 'an item holds something else than packed JSON');
}
