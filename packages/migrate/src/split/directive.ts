/**
 * `atlas:NAME VALUE` in a comment. Of a file they stand at its top, apart from the first statement; of a statement, right
 * above it.
 * @see https://atlasgo.io/versioned/checkpoint https://atlasgo.io/versioned/lint#nolint-directive
 */
export interface Directive {
  readonly name: string;
  /** Empty without one. */
  readonly value: string;
}

// The printable characters before it, the name, and the rest of the line, a carriage return included, as Atlas takes them.
const pattern = /^([ -~]*)atlas:(\w+)(?: +([^\n]+))?/;

/**
 * The directive that a text begins with; null without one. Pure.
 * @param prefix what must stand before it, to the letter; anything on its line when left out.
 * @example readDirective('-- atlas:txmode none') // { name: 'txmode', value: 'none' }
 */
export function readDirective(text: string, prefix?: string): Directive | null {
  const match = pattern.exec(text);
  if (!match || (prefix !== undefined && match[1] !== prefix)) return null;
  return { name: match[2]!, value: match[3] ?? '' };
}

/** Those of the comments above a statement, in order. Pure. */
export function directivesOf(comments: readonly string[]): readonly Directive[] {
  return comments.flatMap(comment => {
    const block = comment.startsWith('/*');
    if (block && comment.includes('\n')) return [];
    const text = block ? comment.replace(/\*\/$/, '').trimEnd() : comment;
    const prefixes = block ? ['/*', '/* '] : ['--', '-- '];
    const found = prefixes.map(prefix => readDirective(text, prefix)).find(each => each !== null);
    return found ? [found] : [];
  });
}
