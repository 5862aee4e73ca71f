/** A seeded generator (mulberry32): the same seed makes the same requests, so that a finding can be replayed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Integer from 0 to `below - 1`. */
  int(below: number): number;
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (below: number) => Math.floor(next() * below);
  return { next, int, pick: items => items[int(items.length)]!, chance: probability => next() < probability };
}
