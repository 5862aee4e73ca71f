/** Why something cannot be: one reason in the sentence, several as a list. Pure. */
export function showReasons(reasons: readonly string[]): string {
  return reasons.length === 1
    ? `because ${reasons[0]}`
    : `for the following reasons:\n${reasons.map(reason => `  • ${reason}\n`).join('')}`;
}
