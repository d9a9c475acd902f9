import { derive, look, type Reader, unknown } from '../reader.ts';

/** A key of Cloud KMS is always the customer's own: Google's default keys have no resource name. */
const KEY_RESOURCE = /(?:^|\.)google_kms_crypto_key(?:_version)?\./;

/**
 * `customer_key` where a Cloud KMS key is named at one of the places. A reference that is known only after apply counts
 * if all that it refers to are key resources: such a name is never empty. Undefined where none is named.
 */
export const customerKey = (...pointers: readonly string[]): Reader<string> =>
  derive<string>((native) => {
    for (const pointer of pointers) {
      const found = look(native, pointer);
      if (found.is === 'absent' || (found.is === 'value' && found.value === '')) continue;
      if (found.is === 'denied') return unknown('denied', found.at);
      if (found.is === 'unresolved') {
        if (found.unset === true) continue;
        if (found.refs.length > 0 && found.refs.every((ref) => KEY_RESOURCE.test(ref))) {
          return { state: 'known', value: 'customer_key', at: found.at };
        }
        return unknown('unresolved', found.at, found.detail);
      }
      return typeof found.value === 'string'
        ? { state: 'known', value: 'customer_key', at: found.at }
        : unknown('invalid', found.at, 'expected the name of a key');
    }
    return undefined;
  });
