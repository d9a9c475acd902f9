/** `edict replay` for people. */
import type { ReplayedFinding } from '../../shared/pipeline/replay.ts';
import type { Transition } from '../../shared/model/resource.ts';
import {
  ago,
  causeText,
  factText,
  markOf,
  SEVERITY_FORMAT,
  sentenceOf,
  shortName,
  tellingFacts,
} from '../findings/words.ts';
import { plain, type style } from '../terminal.ts';

type Paint = ReturnType<typeof style>;

/** One finding: its resource, what would have happened to it, and what the active policies found meanwhile. */
export function findingText(finding: ReplayedFinding, paint: Paint): string {
  const { resource, severity, policy, before, timeline, firstSeenAt, foundToo } = finding;
  const place = [resource.cloud, resource.account, resource.region].filter((p) => p !== undefined).join(' ');
  const violated = [...(before === undefined ? [] : [before]), ...timeline].some((t) => t.to === 'violation');
  const lines = [
    `${paint(SEVERITY_FORMAT[severity], severity)}  ${policy}  ${paint('bold', shortName(resource))}  ${paint('dim', `${plain(resource.id)} (${plain(place)}), first seen ${firstSeenAt}`)}`,
    ...(before === undefined ? [] : [`${line(before, paint)}  ${paint('dim', 'stood when the time began')}`]),
    ...timeline.map((t) => line(t, paint)),
  ];
  if (violated) {
    const others = foundToo.map((f) => `${f.policy} (${f.trueAt} – ${f.endedAt ?? ''})`);
    lines.push(
      others.length === 0
        ? `  ${paint('yellow', 'no active policy was violated meanwhile')}`
        : `  ${paint('dim', `violated meanwhile, of the active policies: ${others.join(', ')}`)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function line(t: Transition, paint: Paint): string {
  const { mark, format } = markOf(t.to);
  const lateMs = Date.parse(t.knownAt) - Date.parse(t.trueAt);
  const [fact] = tellingFacts(t);
  const notes = [
    causeText(t.cause),
    ...(lateMs >= 60_000 ? [`known ${ago(t.trueAt, Date.parse(t.knownAt))} later`] : []),
    ...(t.from === null ? ['so when it was first judged'] : []),
    ...(t.assumed === undefined || t.assumed.length === 0 ? [] : [`assumes ${t.assumed.join(', ')}`]),
    ...(fact === undefined ? [] : [factText(fact)]),
  ];
  return `  ${paint(format, mark)} ${t.trueAt}  ${paint(format, plain(sentenceOf(t)))}  ${paint('dim', plain(notes.join(' · ')))}`;
}
