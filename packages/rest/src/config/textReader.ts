/** A text that is read from its start to its end, piece by piece. */
export class TextReader {
  readonly text: string;
  /** Offset of what comes next. */
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether this comes next. */
  peek(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Goes past the text if it comes next. */
  skip(text: string): boolean {
    if (!this.peek(text)) return false;
    this.at += text.length;
    return true;
  }

  /** What a sticky pattern matches here, which is gone past. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}
