/** Patterns with `*` and `?`. Pure; linear in text times pattern, whatever these are. */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let mark = 0;
  let i = 0;
  while (at < text.length) {
    const wanted = pattern[i];
    if (wanted === '*') {
      star = i++;
      mark = at;
    } else if (i < pattern.length && (wanted === '?' || wanted === text[at])) {
      i++;
      at++;
    } else if (star >= 0) {
      i = star + 1;
      at = ++mark;
    } else return false;
  }
  while (pattern[i] === '*') i++;
  return i === pattern.length;
}
