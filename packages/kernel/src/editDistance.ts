/**
 * Letters to insert, delete or replace to come from one word to the other. With `swaps`, two neighbours that changed places
 * count as one edit, as fingers do that most; the plain distance is PostgREST's. Quadratic: callers bound the words. Pure.
 * @see https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance#Optimal_string_alignment_distance
 * @example editDistance('stauts', 'status', 'swaps') // 1
 */
export function editDistance(a: string, b: string, kind: 'plain' | 'swaps' = 'plain'): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + cost);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (kind === 'swaps' && swapped) least = Math.min(least, beforeLast[column - 2]! + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
