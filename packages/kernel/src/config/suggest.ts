import { editDistance } from '../editDistance.ts';

/**
 * The candidate nearest to a mistyped word, or undefined when none is near enough to be what was meant:
 * a third of the word's letters may differ, at least one. Pure.
 * @example suggest('stauts', ['status', 'start']) // 'status'
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  // A word of more letters than any command has is no typing error, and would make the table large.
  if (word.length > 40) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance =
      word.length >= 3 && candidate.startsWith(word)
        ? 1
        : editDistance(word.toLowerCase(), candidate.toLowerCase(), 'swaps');
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
