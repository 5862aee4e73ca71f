/** What every layout of an archive can give: the rows of a table, and the large objects. */
export interface ArchiveData {
  /** The uncompressed data of an entry; for rows, what follows its COPY, or statements. */
  rows(entry: { readonly id: number }): AsyncIterable<Buffer>;
  /** Large objects, each to be read before the next. */
  largeObjects(entry: { readonly id: number }): AsyncIterable<LargeObject>;
  close(): Promise<void>;
}

export interface LargeObject {
  readonly oid: number;
  readonly data: AsyncIterable<Buffer>;
}

/** Those of one entry, of which a dump may have several: its file has lines of a number and a file's name. */
export async function* readLargeObjects(
  list: string,
  read: (name: string) => AsyncIterable<Buffer>,
): AsyncGenerator<LargeObject> {
  let text = '';
  for await (const chunk of read(list)) text += chunk.toString('latin1');
  for (const line of text.split('\n')) {
    const [oid, name] = line.split(' ');
    if (name) yield { oid: Number(oid), data: read(name) };
  }
}
