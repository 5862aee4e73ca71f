/** A document's text, written member by member, so that one of thousands of tables holds nobody up. */

/** An object whose members are made as they are written. Those without a value are left out. */
export class Members {
  readonly entries: Iterable<readonly [name: string, value: unknown]>;

  constructor(entries: Iterable<readonly [name: string, value: unknown]>) {
    this.entries = entries;
  }
}

/** The same of an object's own members. */
export const members = (object: Readonly<Record<string, unknown>>): Members =>
  new Members(Object.entries(object));

const chunkCharacters = 65_536;

/** The text as UTF-8, in pieces. Yields between members. */
export function* writeMembers(members: Members): Generator<void, readonly Buffer[]> {
  const chunks: Buffer[] = [];
  let text = '';
  function* write(value: unknown): Generator<void, void> {
    if (!(value instanceof Members)) {
      text += JSON.stringify(value);
      if (text.length < chunkCharacters) return;
      chunks.push(Buffer.from(text));
      text = '';
      return;
    }
    let separator = '{';
    for (const [name, each] of value.entries) {
      if (each === undefined) continue;
      text += `${separator}${JSON.stringify(name)}:`;
      yield* write(each);
      separator = ',';
      yield;
    }
    text += separator === '{' ? '{}' : '}';
  }
  yield* write(members);
  chunks.push(Buffer.from(text));
  return chunks;
}
