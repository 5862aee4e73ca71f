/** What a dump says, piece by piece, in the order in which it is to be said to a server. `at` is where, for people. */
export type Item =
  | { readonly kind: 'statement'; readonly text: string; readonly at: string }
  | {
      readonly kind: 'rows';
      /** `COPY … FROM stdin` */
      readonly copy: string;
      /** To be read before the next item, or left. */
      readonly rows: AsyncIterable<Buffer>;
      readonly at: string;
    }
  | {
      readonly kind: 'largeObject';
      readonly oid: number;
      readonly data: AsyncIterable<Buffer>;
      readonly at: string;
    }
  /** What follows is of another database: pg_dumpall's `\connect`. */
  | { readonly kind: 'database'; readonly name: string; readonly at: string };

/** A dump that can be gone through as often as is needed. */
export interface DumpSource {
  /** What tells it from another one: names, sizes and times. */
  readonly identity: string;
  readonly totalBytes: number;
  /** Bytes that the items given so far stand in, about. */
  readonly bytesRead: number;
  /** Texts that do not end as a dump ends, and why: known when all items were given. An archive cannot be read without its end. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  items(): AsyncGenerator<Item>;
}
