/** What people read of a finding after its first message: what became of it, that it flaps, what a digest gathered. */
import { instant } from '../../model/change.ts';
import type { TransitionDetail } from '../../model/finding-event.ts';
import { SEVERITIES } from '../../model/verdict.ts';
import { command, count, cut, escape, header, ICON, section, type SlackMessage, TEXT_CHARS, words } from './blocks.ts';
import type { FlapReport } from './flapping.ts';
import { isBad, isUndecided } from './message.ts';

/** What a note keeps of a finding's last change: as much as a message says. */
export interface FindingNews extends Pick<TransitionDetail, 'findingId' | 'policy' | 'resource' | 'to' | 'status'> {}
export const newsOf = ({ findingId, policy, resource, to, status }: TransitionDetail): FindingNews => ({
  findingId,
  policy,
  resource,
  to,
  status,
});

/** What a finding is now. */
export type Standing = 'bad' | 'undecided' | 'excepted' | 'ended' | 'flaps';
export const standingOf = ({ to, status }: Pick<FindingNews, 'to' | 'status'>): Exclude<Standing, 'flaps'> =>
  status === 'excepted' ? 'excepted' : isBad(to) ? 'bad' : isUndecided(to) ? 'undecided' : 'ended';
const NOW: { readonly [S in Exclude<Standing, 'flaps'>]: string } = {
  bad: 'violating',
  undecided: 'not known any more',
  excepted: 'excepted',
  ended: 'resolved',
};
/** What the first message says of those that are not as it told. */
const SAYS: readonly (readonly [Standing, icon: string, one: string, many: string])[] = [
  ['flaps', '🔁', 'Flaps', 'flap'],
  ['undecided', '❔', 'No longer known', 'no longer known'],
  ['excepted', '⏸', 'Excepted', 'excepted'],
  ['ended', '✅', 'Resolved', 'resolved'],
];

/** The first message, as what it told stands now. */
export function followed(first: SlackMessage, standings: readonly Standing[]): SlackMessage {
  const of = (standing: Standing): number => standings.filter((s) => s === standing).length;
  const total = standings.length;
  const ended = of('ended') === total;
  const parts = SAYS.flatMap(([standing, icon, one, many]) => {
    const n = of(standing);
    return n === 0 ? [] : [n === total ? `${icon} ${one}` : `${icon} ${n} of ${total} ${many}`];
  });
  if (parts.length === 0) return first;
  const said = first.blocks.find((block) => block.type === 'header');
  const headline = `${parts.join(', ')}: ${said?.text.text ?? ''}`;
  return {
    text: escape(headline),
    blocks: first.blocks.flatMap((block) =>
      block === said ? [header(headline)] : block.type === 'actions' && ended ? [] : [block],
    ),
  };
}

/** That a finding changes to and fro, or has settled. */
export function flapMessage(of: FindingNews, { is, changes, since }: FlapReport): SlackMessage {
  const name = cut(of.resource.name ?? of.resource.id, TEXT_CHARS);
  const said = `${count(changes, 'change')} since ${instant(since)}, now ${NOW[standingOf(of)]}`;
  const headline = is === 'flaps' ? `🔁 flaps: ${said} – ${name}` : `🔁 settled: ${said} – ${name}`;
  const rest =
    is === 'flaps'
      ? 'It changes to and fro: nothing more is told of it until it settles.'
      : 'It has not changed for fifteen minutes: what it does next is told again.';
  return {
    text: escape(headline),
    blocks: [
      header(headline),
      {
        type: 'rich_text',
        elements: [
          section([
            words(`${ICON[of.policy.severity]} `),
            words(cut(of.policy.title, TEXT_CHARS), true),
            words(
              ` ${of.resource.cloud}${of.resource.account === undefined ? '' : ` ${of.resource.account}`}\n${rest}`,
            ),
          ]),
        ],
      },
      command(`npx edict finding ${of.findingId}`),
    ],
  };
}

/** Rows of a digest that a message names; of the rest it says how many. */
const ROWS = 20;

/** What was gathered between two instants, by policy and account: each finding once, as it is now. */
export function digestMessage(news: readonly FindingNews[], from: string, until: string): SlackMessage {
  const rows = new Map<string, { readonly of: FindingNews; readonly n: Record<keyof typeof NOW, number> }>();
  for (const of of news) {
    const key = JSON.stringify([of.policy.id, of.resource.cloud, of.resource.account]);
    const row = rows.get(key) ?? { of, n: { bad: 0, undecided: 0, excepted: 0, ended: 0 } };
    row.n[standingOf(of)] += 1;
    rows.set(key, row);
  }
  const worstFirst = [...rows.values()].toSorted(
    (a, b) =>
      SEVERITIES.indexOf(a.of.policy.severity) - SEVERITIES.indexOf(b.of.policy.severity) ||
      b.n.bad - a.n.bad ||
      a.of.policy.id.localeCompare(b.of.policy.id),
  );
  const total = (standing: keyof typeof NOW): number => news.filter((of) => standingOf(of) === standing).length;
  const counts = (n: (standing: keyof typeof NOW) => number): string =>
    (Object.keys(NOW) as (keyof typeof NOW)[]).flatMap((s) => (n(s) === 0 ? [] : [`${n(s)} ${NOW[s]}`])).join(', ');
  const headline = `Digest: ${counts(total)} of ${count(news.length, 'finding')} that changed`;
  const severities = SEVERITIES.filter((severity) => news.some((of) => of.policy.severity === severity));
  const rest = worstFirst.length - ROWS;
  return {
    text: escape(headline),
    blocks: [
      header(headline),
      {
        type: 'rich_text',
        elements: [
          section([words(`From ${from} to ${until}`)]),
          {
            type: 'rich_text_list',
            style: 'bullet',
            elements: worstFirst
              .slice(0, ROWS)
              .map(({ of, n }) =>
                section([
                  words(`${ICON[of.policy.severity]} `),
                  words(cut(of.policy.title, TEXT_CHARS), true),
                  words(` ${of.resource.cloud} ${cut(of.resource.account ?? '', TEXT_CHARS)}: ${counts((s) => n[s])}`),
                ]),
              ),
          },
          ...(rest <= 0 ? [] : [section([words(`and ${rest} more`)])]),
        ],
      },
      command(`npx edict findings --status all --severity ${severities.join(' ')} --since ${from}`),
    ],
  };
}
