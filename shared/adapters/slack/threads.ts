import { isAppError } from '../../model/errors.ts';
import { inParallel } from '../service/in-parallel.ts';
import type { SlackMessage } from './blocks.ts';
import type { Posted, SlackClient } from './client.ts';
import type { Flapping } from './flapping.ts';
import { type FindingNews, followed, type Standing } from './follow-message.ts';
import { changeNote, type Notes } from './notes.ts';

/** What is remembered of a finding that people were told of. */
export interface FindingNote {
  readonly flapping: Flapping;
  /** As it is now. */
  readonly of: FindingNews;
  /** Where it is told; absent: the channel of the secret. */
  readonly channel?: string;
  /** The message that told of it first. */
  readonly thread?: Posted;
}
export const findingNote = (finding: string): string => `finding#${finding}`;

/** What is remembered of a message: what it said, and what became of each finding that it told of. */
interface MessageNote {
  readonly first: SlackMessage;
  readonly standings: { readonly [finding: string]: Standing };
  /** When the last of them ended. */
  readonly endedAt?: number;
}
const messageNote = ({ channel, ts }: Posted): string => `message#${channel}#${ts}`;

/** What begins again later than this is news of its own, and no answer to what ended. */
const REOPENS_MS = 24 * 60 * 60 * 1000;
const WIDTH = 10;

/** The first messages, and what became of what they told. */
export interface Threads {
  /** Whether news of its findings belongs under this message: something it told of stands, or ended a short while ago. */
  isFollowed(at: Posted): Promise<boolean>;
  /** Remembers a first message. */
  begin(at: Posted, message: SlackMessage, standings: { readonly [finding: string]: Standing }): Promise<void>;
  /** Says in the first message what became of these. Once they are remembered, an edit that fails is only told to `onFailure`. */
  follow(at: Posted, standings: { readonly [finding: string]: Standing }): Promise<void>;
}

export function makeThreads(deps: {
  readonly slack: SlackClient;
  readonly notes: Notes;
  readonly now: () => number;
  readonly onFailure: (error: unknown, events: number) => void;
}): Threads {
  const { slack, notes, now } = deps;
  return {
    async isFollowed(at) {
      const { value } = await notes.read<MessageNote>(messageNote(at));
      return value !== undefined && (value.endedAt === undefined || now() - value.endedAt < REOPENS_MS);
    },
    async begin(at, first, standings) {
      await changeNote<MessageNote>(notes, messageNote(at), () => ({ first, standings }));
      await inParallel(Object.keys(standings), WIDTH, async (finding) => {
        await changeNote<FindingNote>(notes, findingNote(finding), (known) =>
          known === undefined ? undefined : { ...known, thread: at },
        );
      });
    },
    async follow(at, standings) {
      let changed = false;
      const note = await changeNote<MessageNote>(notes, messageNote(at), (known) => {
        changed = false;
        if (known === undefined) return undefined;
        const next = { ...known.standings };
        for (const [finding, standing] of Object.entries(standings)) {
          // A message speaks of what it told, and of nothing else that came to its thread.
          if (next[finding] === undefined || next[finding] === standing) continue;
          next[finding] = standing;
          changed = true;
        }
        if (!changed) return undefined;
        const { endedAt: _before, ...rest } = known;
        const ended = Object.values(next).every((standing) => standing === 'ended');
        return { ...rest, standings: next, ...(ended ? { endedAt: now() } : {}) };
      });
      if (!changed || note === undefined) return;
      try {
        await slack.update(at, followed(note.first, Object.values(note.standings)));
      } catch (error) {
        // The message is gone, or Slack takes no edits now: the news itself is told by a message of its own.
        if (!isAppError(error)) throw error;
        deps.onFailure(error, 0);
      }
    },
  };
}
