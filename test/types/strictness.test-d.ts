import { describe, expectTypeOf, it } from 'vitest';

describe('the compiler', () => {
  it('says that an item of a list may not be there', () => {
    const list: readonly string[] = [];
    expectTypeOf(list[0]).toEqualTypeOf<string | undefined>();
  });

  it('tells an absent property from one that is undefined', () => {
    interface Absent {
      a?: string;
    }
    interface Undefined {
      a?: string | undefined;
    }
    expectTypeOf<Absent>().not.toEqualTypeOf<Undefined>();
  });
});
