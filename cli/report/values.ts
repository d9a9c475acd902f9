/** Values of facts as people read them. */
import type { FactValue, RecordValue, ScalarValue } from '../../shared/model/fact.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange } from '../../shared/policy/literals.ts';

const MOST_ITEMS = 3;

function scalar(value: ScalarValue): string {
  if (isNone(value)) return 'none';
  if (isRange(value)) return formatRange(value);
  if (isIpRange(value)) return formatIpRange(value);
  return String(value);
}

const isScalar = (value: unknown): value is ScalarValue =>
  typeof value !== 'object' || isNone(value) || isRange(value) || isIpRange(value);

function item(value: ScalarValue | RecordValue): string {
  if (isScalar(value)) return scalar(value);
  const fields = Object.entries(value).flatMap(([name, v]) => {
    if (v === undefined) return [];
    return [
      `${name} ${Array.isArray(v) ? (v as readonly ScalarValue[]).map(scalar).join('+') : scalar(v as ScalarValue)}`,
    ];
  });
  return fields.join(', ');
}

/** A fact's value in a few words; of a list the items that decided, or its first ones. */
export function formatValue(value: FactValue, items?: readonly number[]): string {
  if (!Array.isArray(value)) return scalar(value as ScalarValue);
  const list = value as readonly (ScalarValue | RecordValue)[];
  if (list.length === 0) return 'empty';
  const chosen =
    items === undefined || items.length === 0 ? list : items.map((i) => list[i]).filter((v) => v !== undefined);
  const shown = chosen.slice(0, MOST_ITEMS).map((v) => `(${item(v)})`);
  const more = chosen.length - shown.length;
  return more > 0 ? `${shown.join(' ')} and ${more} more` : shown.join(' ');
}
