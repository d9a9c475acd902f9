/** A heap: what comes first is taken first. `before` is a total order, so that everyone takes the same. */
export interface EarliestFirst<T> {
  readonly size: number;
  first(): T | undefined;
  add(item: T): void;
  take(): T | undefined;
}

export function makeEarliestFirst<T>(before: (a: T, b: T) => boolean): EarliestFirst<T> {
  const items: T[] = [];
  const at = (i: number): T => items[i] as T;
  const swap = (i: number, j: number): void => {
    [items[i], items[j]] = [at(j), at(i)];
  };
  return {
    get size() {
      return items.length;
    },
    first: () => items[0],
    add: (item) => {
      items.push(item);
      for (let i = items.length - 1; i > 0; ) {
        const above = (i - 1) >> 1;
        if (!before(at(i), at(above))) return;
        swap(i, above);
        i = above;
      }
    },
    take: () => {
      const [first] = items;
      const last = items.pop();
      if (items.length === 0 || last === undefined) return first;
      items[0] = last;
      for (let i = 0; ; ) {
        const below = [2 * i + 1, 2 * i + 2].filter((j) => j < items.length);
        const next = below.reduce((a, b) => (before(at(b), at(a)) ? b : a), i);
        if (next === i) return first;
        swap(i, next);
        i = next;
      }
    },
  };
}
