const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}])/u;
const escapes = /\u001b\[[0-9;]*m/g;

/** Terminal columns that a text takes: colour codes none, East Asian wide letters and emoji two. Pure. */
export function displayWidth(text: string): number {
  // Nearly all of it is ASCII, where counting is length.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let total = 0;
  for (const { segment } of segmenter.segment(text.replace(escapes, ''))) {
    if (/^[\p{Mn}\p{Cf}\p{Cc}]+$/u.test(segment)) continue;
    total += wide.test(segment) ? 2 : 1;
  }
  return total;
}
