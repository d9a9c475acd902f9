import { describe, expect, it } from 'vitest';
import type { SourceLog } from '../../../shared/ports/source-log.ts';

/** What every SourceLog holds. */
export function sourceLogSuite(title: string, make: () => SourceLog): void {
  describe(`${title}: SourceLog`, () => {
    it('remembers the last time, whatever the order in which it is told', async () => {
      const log = make();
      const source = `${title}.feed`;
      const at = (h: number): string => `2026-11-25T0${h}:00:00.000Z`;
      await log.heard(source, 'a', at(2));
      await log.heard(source, 'a', at(1));
      await log.heard(source, 'b', at(3));
      await log.swept(source, 'b', at(4));
      await log.swept(source, 'b', at(2));
      const heard = [...(await log.list(source))].sort((x, y) => (x.account < y.account ? -1 : 1));
      expect(heard).toEqual([
        { source, account: 'a', lastSeenAt: at(2) },
        { source, account: 'b', lastSeenAt: at(4), lastSweptAt: at(4) },
      ]);
      expect(await log.list(`${title}.other`)).toEqual([]);
    });
  });
}
