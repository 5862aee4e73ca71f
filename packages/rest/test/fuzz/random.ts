import { seededRandom } from '@peakstone/testing';

/** Choices of a seed: the same one makes the same requests, so that a finding can be replayed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Integer from 0 to `below - 1`. */
  int(below: number): number;
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
}

export function createRandom(seed: number): Random {
  const next = seededRandom(seed);
  const int = (below: number) => Math.floor(next() * below);
  return { next, int, pick: items => items[int(items.length)]!, chance: probability => next() < probability };
}
