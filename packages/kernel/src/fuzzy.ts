/**
 * Nearest-name search for hints, scored as the reference's fuzzy sets score: the longest gram size with any
 * candidate decides, candidates are ranked by the gram vectors' cosine, the best are re-scored by edit distance.
 * Pure and linear in the number of names; runs only when a request has already failed.
 * @see https://hackage.haskell.org/package/fuzzyset
 */
import { editDistance } from './editDistance.ts';

const gramSizes = [3, 2] as const;
/** Candidates that are re-scored. */
const rescored = 50;
/** Longer names are not compared: edit distance is quadratic. */
const maxNameLength = 256;
/** Names looked at; a schema with more gives hints from the first ones only. */
const maxNames = 5_000;

export interface Match {
  /** 0–1; 1 is the same name but for case. */
  readonly score: number;
  readonly name: string;
}

/** Matches of `wanted` among `names`, best first, none below `minScore`. */
export function fuzzyMatches(names: Iterable<string>, wanted: string, minScore = 0.33): readonly Match[] {
  if (wanted.length > maxNameLength) return [];
  const target = wanted.toLowerCase();
  const entries = distinct(names);
  const same = entries.get(target);
  if (same !== undefined) return [{ score: 1, name: same }];
  for (const size of gramSizes) {
    const wantedGrams = grams(target, size);
    const ranked: { cosine: number; key: string; name: string }[] = [];
    for (const [key, name] of entries) {
      const cosine = similarity(wantedGrams, grams(key, size));
      if (cosine > 0) ranked.push({ cosine, key, name });
    }
    const matches = ranked
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, rescored)
      .map(({ key, name }) => ({ score: closeness(key, target), name }))
      .filter(match => match.score >= minScore)
      .sort((a, b) => b.score - a.score);
    if (matches.length > 0) return matches;
  }
  return [];
}

function distinct(names: Iterable<string>): Map<string, string> {
  const byKey = new Map<string, string>();
  for (const name of names) {
    if (byKey.size >= maxNames) break;
    const key = name.toLowerCase();
    if (name.length <= maxNameLength && !byKey.has(key)) byKey.set(key, name);
  }
  return byKey;
}

function grams(text: string, size: number): Map<string, number> {
  const padded = `-${text.replace(/[^\p{L}\p{N},\s]/gu, '')}-`;
  const counts = new Map<string, number>();
  for (let i = 0; i + size <= padded.length; i++) {
    const gram = padded.slice(i, i + size);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function similarity(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let dot = 0;
  for (const [gram, count] of a) dot += count * (b.get(gram) ?? 0);
  return dot === 0 ? 0 : dot / (norm(a) * norm(b));
}

function norm(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count * count;
  return Math.sqrt(sum);
}

/** 1 − edit distance / length of the longer. */
function closeness(a: string, b: string): number {
  const longer = Math.max(a.length, b.length);
  return longer === 0 ? 1 : 1 - editDistance(a, b) / longer;
}
