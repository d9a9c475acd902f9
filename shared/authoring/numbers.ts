/** The numbers that a sentence says, in figures or in words, as what they may be in clauses. English units and words. */
import { plainText } from './answer.ts';

export interface NumberWord {
  readonly text: string;
  /** What it may be in the clauses. */
  readonly values: readonly number[];
}

const ONES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const TEENS = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const VALUE_OF: { readonly [word: string]: number } = Object.fromEntries([
  ['zero', 0],
  ['a', 1],
  ...ONES.map((w, i) => [w, i + 1]),
  ...TEENS.map((w, i) => [w, i + 10]),
  ...TENS.map((w, i) => [w, (i + 2) * 10]),
]);
const ones = ONES.join('|');
const BELOW_HUNDRED = String.raw`(?:(?:${TENS.join('|')})(?:[\s-](?:${ones}))?|${[...TEENS, ...ONES].join('|')})`;
const CARDINAL = new RegExp(
  String.raw`\b(?:(?:(${ones}|a)[\s-])?hundred(?:[\s-](?:and[\s-])?(${BELOW_HUNDRED}))?|(zero(?! trust)|${BELOW_HUNDRED}))\b`,
  'g',
);

/** Days of a unit; a month and a year as a person counts them: which of them is meant is a question, not a fault. */
const DAYS_OF: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^(?:hours?|hrs?|h)$/, [1 / 24]],
  [/^(?:days?|d)$/, [1]],
  [/^(?:weeks?|wks?|w)$/, [7]],
  [/^fortnights?$/, [14]],
  [/^(?:months?|mths?|mos?)$/, [30, 31]],
  [/^quarters?$/, [90, 91, 92]],
  [/^(?:years?|yrs?|y)$/, [365, 366]],
];
const UNIT = '(?:hour|day|week|fortnight|month|quarter|year)s?';
const ABBREVIATION = '(?:d|w|wks?|mths?|mos?|yrs?|y|hrs?|h)';
const daysOf = (unit: string | undefined): readonly number[] =>
  unit === undefined ? [1] : (DAYS_OF.find(([words]) => words.test(unit))?.[1] ?? [1]);

/** One beside the number is what "more than" and its kin mean in whole numbers. */
const BESIDE =
  /\b(?:more|less|fewer|greater|higher|lower|longer|shorter|older|over|under|above|below|exceeds?|exceeding|beyond|before|after)\b|[<>](?!=)/;

/** Numbers that say nothing of configuration: where a rule comes from, algorithms, dates, figures of speech. */
const NO_QUANTITIES: readonly RegExp[] = [
  // CIS 2.1.1, PCI DSS 4.0, ISO/IEC 27001:2022 A.8.3, NIST SP 800-53 SC-7, SOC 2, article 32, § 8.2
  /\b(?:cis|pci(?:[ -]dss)?|iso(?:\/iec)?|soc|nist(?: sp)?|gdpr|dora|nis|bsi|rfc|cve|cwe|art(?:icles?|\.)?|section|sec\.|annex|controls?|requirement|req\.?|chapter|(?:foundations )?benchmark|version|v\.?)(?: (?:aws|azure|gcp|google cloud|microsoft azure))?\s*#?(?:[a-z]{1,3}[.-])?\d[\d.:()-]*\d|\b(?:cis|pci(?:[ -]dss)?|iso(?:\/iec)?|soc|nist(?: sp)?|gdpr|nis|rfc|art(?:icles?|\.)?|section|sec\.|annex|controls?|requirement|req\.?|chapter)\s*#?\d\b/g,
  /§+\s*[\d.]+|#\d+/g,
  /\b(?:aes|sha|rsa)[ -]?\d+\b/g,
  /\b\d{4}-\d\d-\d\d\b/g,
  /\b(?:by|since|until|as of|in|of|january|february|march|april|may|june|july|august|september|october|november|december|q[1-4])\s+(?:19|20)\d\d\b(?!\s*(?:hour|day|week|month|year))/g,
  /\b24\s?[/x×]\s?7\b/g,
  /\b100\s?(?:%|percent\b|per cent\b)/g,
];

/** "1) … 2) …" counts what is listed. */
function withoutListMarks(text: string): string {
  const marks = /(?<=^|[\s(])(\d{1,2})[.)](?=\s)/g;
  const found = [...text.matchAll(marks)].map((m) => Number(m[1]));
  return found.length > 1 && found.every((n, i) => n === i + 1) ? text.replaceAll(marks, ' ') : text;
}

/** Sentences that tell what has happened, and ask for nothing. */
const HAPPENED =
  /\b(?:last|past|incidents?|breach(?:es|ed)?|attacks?|attacked|audit(?:s|ors?|ed)?|was|were|had|happened|found)\b/;
const ASKS =
  /\b(?:must|shall|should|may|can|need|needs|require[sd]?|have to|has to|are to|is to|keep|kept|retain(?:ed)?|least|most|minimum|maximum|more|less|never|no|not|only|all|every|each|ensure|make sure|enable|allow(?:ed)?|ports?)\b/;
/** The text without the sentences that only tell why. */
export const withoutRationale = (intent: string): string =>
  plainText(intent)
    .split(/(?<=[.;!?]) /)
    .filter((s) => !HAPPENED.test(s) || ASKS.test(s))
    .join(' ');

/** Number words as figures. "Of the two" counts what was listed; "two-factor" is a name; one alone is a pronoun. */
const inFigures = (text: string): string =>
  text.replaceAll(CARDINAL, (all, hundreds: string | undefined, rest: string | undefined, small, at: number) => {
    const after = text.slice(at + all.length);
    const isName = /^-\p{L}/u.test(after) && !new RegExp(`^-${UNIT}\\b`).test(after);
    if (all === 'one' || isName || /\bof the $/.test(text.slice(0, at))) return all;
    const below = (words: string | undefined): number =>
      (words ?? '').split(/[\s-]/).reduce((n, w) => n + (VALUE_OF[w] ?? 0), 0);
    return String(small === undefined ? (VALUE_OF[hundreds ?? 'a'] ?? 1) * 100 + below(rest) : below(small as string));
  });

// Not within a name (sha-256, cc6.1, s3), nor within an address; a port may name its protocol (22/tcp, tcp/22), or
// stand beside another (80/443) or end a range (20-25).
const BEFORE = String.raw`(?<![\p{L}\d_.:/-])|(?<=\b(?:tcp|udp|ports?)[/:])|(?<=(?<![\w.])\d{2,5}\/)|(?<=(?<![\w.-])\d{1,5}-)`;
const AFTER = String.raw`(?!(?!\/(?:tcp|udp)\b|\/\d{2,5}(?![\w.]))[\w/]|:\w|\.\d|-\p{L})`;
const NUMBER = new RegExp(
  String.raw`(?:${BEFORE})(\d+(?:\.\d+)?)(?:(?:[\s-]|\+ )?(?:(?:calendar|consecutive|full|whole) )?(${UNIT}|${ABBREVIATION})(?![\p{L}\d])|${AFTER})`,
  'gu',
);

export function numbersOf(intent: string): readonly NumberWord[] {
  let text = withoutListMarks(plainText(intent));
  for (const words of NO_QUANTITIES) text = text.replaceAll(words, ' ');
  text = inFigures(text);
  // 80,443 are two ports, and a thousand anywhere else.
  if (!/\bports?\b/.test(text)) text = text.replaceAll(/(?<=\d),(?=\d{3}\b)/g, '');
  const found: NumberWord[] = [];
  for (const m of text.matchAll(NUMBER)) {
    const [all, digits = '', unit] = m;
    const days = daysOf(unit).map((d) => Number(digits) * d);
    const around = text.slice(Math.max(0, m.index - 24), m.index + all.length + 16);
    found.push({ text: all, values: BESIDE.test(around) ? days.flatMap((d) => [d, d - 1, d + 1]) : days });
  }
  // "a week", "one year"
  for (const m of text.matchAll(new RegExp(String.raw`\b(half )?(?:an?|one|1|every) (${UNIT})\b`, 'g')))
    found.push({
      text: m[0],
      values: daysOf(m[2]).flatMap((d) => (m[1] === undefined ? [d] : [Math.floor(d / 2), Math.ceil(d / 2)])),
    });
  return found;
}
