/**
 * Time as somebody has seen it pass who looks at the clock every now and then. What has an age may be let go by it: a clock that
 * was set months ahead, or a machine that was off, is not time in which anything grew old. Pure.
 */

/** What the looks have come to. Milliseconds since 1970. */
export interface Witness {
  /** What the clock said last. */
  readonly at: number;
  /** Oldest first. */
  readonly leaps: readonly Leap[];
}

/** A stretch of the clock that nobody saw pass. */
export interface Leap {
  readonly from: number;
  readonly to: number;
}

const dayMs = 24 * 60 * 60_000;
/** Who looks at the clock looks more often than this: what is longer was not seen. */
const unseenMs = dayMs;
const maxLeaps = 100;

/**
 * Looks at the clock once more. One that was put back takes what it said meanwhile along.
 * @param before undefined: nobody has looked yet
 */
export function lookAtClock(before: Witness | undefined, now: number): Witness {
  if (before === undefined) return { at: now, leaps: [] };
  const leaps = before.leaps
    .map(({ from, to }) => ({ from, to: Math.min(to, now) }))
    .filter(isUnseen)
    .concat([{ from: before.at, to: now }].filter(isUnseen));
  return { at: now, leaps: bound(leaps) };
}

/** The moment since which so much time was seen to pass. */
export function momentBefore({ at, leaps }: Witness, ms: number): number {
  let [from, left] = [at, ms];
  for (const leap of leaps.toReversed()) {
    const seen = from - leap.to;
    if (seen >= left) break;
    left -= seen;
    from = leap.from;
  }
  return from - left;
}

function isUnseen({ from, to }: Leap): boolean {
  return to - from > unseenMs;
}

/** What is between the two oldest counts as unseen as well where there are too many: more is kept then. */
function bound(leaps: readonly Leap[]): readonly Leap[] {
  const [first, ...rest] = leaps;
  if (first === undefined || leaps.length <= maxLeaps) return leaps;
  return bound([{ from: first.from, to: rest[0]!.to }, ...rest.slice(1)]);
}
