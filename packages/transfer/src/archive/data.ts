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
