/**
 * When things were done that are listed in the order in which they were, by clocks of which some were wrong: by the longest run of
 * times that keeps to the order. What says another time was done before the next that is of the run, or else after the last.
 * Pure. @returns times in milliseconds, none before that of its predecessor
 * @example agreedTimes([1, 2, 90, 3, 4]) // [1, 2, 3, 3, 4]
 */
export function agreedTimes(times: readonly number[]): readonly number[] {
  const run = longestRun(times);
  return times.map((_, at) => {
    const next = run.find(each => each >= at) ?? run.at(-1)!;
    return times[next]!;
  });
}

/** Indexes, of the run that ends latest where several are as long. */
function longestRun(times: readonly number[]): readonly number[] {
  const lengths: number[] = [];
  const before: number[] = [];
  let last = -1;
  for (let at = 0; at < times.length; at++) {
    lengths[at] = 1;
    before[at] = -1;
    for (let earlier = 0; earlier < at; earlier++) {
      if (times[earlier]! > times[at]! || lengths[earlier]! + 1 < lengths[at]!) continue;
      lengths[at] = lengths[earlier]! + 1;
      before[at] = earlier;
    }
    if (last < 0 || lengths[at]! >= lengths[last]!) last = at;
  }
  const run: number[] = [];
  for (let at = last; at >= 0; at = before[at]!) run.unshift(at);
  return run;
}
