import type { Node } from 'libpg-query';

/** What PostgreSQL's own parser says of a statement that it refuses. */
export class SyntaxError17 extends Error {
  override readonly name = 'SyntaxError17';
  /** UTF-16 units of the text before the place. */
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** The trees of a text, usually one statement, in PostgreSQL 17's grammar; none for nothing but comments. @throws {SyntaxError17} */
export type Parse = (text: string) => readonly Node[];

/**
 * Loads the parser: 1.2 MB of WebAssembly, compiled in some ten milliseconds, which nothing but lint pays for.
 * @see https://github.com/constructive-io/libpg-query-node
 */
export async function loadParser(): Promise<Parse> {
  const { loadModule, parseSync } = await import('libpg-query');
  await loadModule();
  return text => {
    try {
      const { stmts } = parseSync(text) as { readonly stmts?: readonly { readonly stmt?: Node }[] };
      return (stmts ?? []).flatMap(({ stmt }) => stmt ?? []);
    } catch (error) {
      const details = (error as { sqlDetails?: { message: string; cursorPosition: number } }).sqlDetails;
      if (details === undefined) throw error;
      throw new SyntaxError17(details.message, unitsOf(text, details.cursorPosition));
    }
  };
}

/** Places of errors are counted in characters, those in trees in bytes. */
function unitsOf(text: string, characters: number): number {
  let units = 0;
  for (const character of text) {
    if (characters-- <= 0) break;
    units += character.length;
  }
  return units;
}
