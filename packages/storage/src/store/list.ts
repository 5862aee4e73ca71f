/**
 * Listings: the current objects of a bucket, or all versions. Groups (`CommonPrefixes`) are passed over by seeking, and so
 * are the versions of a key behind its newest. A step is short, so that long searches take turns with others.
 */
import type { Entry, Index } from './index/index.ts';
import { keyEnd, maxKeyBytes, objectKeyOf, prefixEnd, prefixStart, versionKey } from './index/keys.ts';
import { type BucketRow, decodeRow, type ObjectRow } from './rows.ts';

export interface ListQuery {
  readonly prefix: string;
  /** Empty: none. */
  readonly delimiter: string;
  /** Only what comes after it; a group that it names, or lies in, is over. */
  readonly after: string;
  readonly limit: number;
}

export interface Listed {
  readonly key: string;
  readonly row: ObjectRow;
}

export interface ListPage {
  readonly objects: readonly Listed[];
  readonly prefixes: readonly string[];
  /** The last key or group of the page, when there is more. */
  readonly next: string | undefined;
}

const fewRows = 4;
const manyRows = 128;

/** One page of current objects, as a generator of short steps. */
export function* listObjects(index: Index, bucket: BucketRow, query: ListQuery): Generator<void, ListPage> {
  const objects: Listed[] = [];
  const prefixes: string[] = [];
  if (query.limit === 0) return { objects, prefixes, next: undefined };
  const walk = new Walk(index, bucket, query);
  let last: string | undefined;
  for (;;) {
    const entry = yield* walk.next();
    if (entry === undefined) return { objects, prefixes, next: undefined };

    const key = objectKeyOf(entry.key).toString('utf8');
    const newest = newestOf(index, bucket, key, entry);
    if (newest.deleteMarker) {
      walk.seek(keyEnd(bucket.id, key));
      continue;
    }
    if (objects.length + prefixes.length === query.limit) return { objects, prefixes, next: last };
    const group = groupOf(key, query);
    if (group === undefined) {
      objects.push({ key, row: newest });
      walk.seek(keyEnd(bucket.id, key));
    } else {
      prefixes.push(group);
      walk.seek(prefixEnd(bucket.id, group));
    }
    last = group ?? key;
  }
}

export interface VersionQuery extends ListQuery {
  /** Of the key `after`: only versions older than this one; undefined: none of that key. */
  readonly afterSequence: number | undefined;
}

export interface ListedVersion extends Listed {
  readonly isLatest: boolean;
}

export interface VersionPage {
  readonly versions: readonly ListedVersion[];
  readonly prefixes: readonly string[];
  readonly next: { readonly key: string; readonly versionId: string | undefined } | undefined;
}

/** One page of versions and markers, keys in order, each key's newest first. */
export function* listVersions(
  index: Index,
  bucket: BucketRow,
  query: VersionQuery,
): Generator<void, VersionPage> {
  const versions: ListedVersion[] = [];
  const prefixes: string[] = [];
  if (query.limit === 0) return { versions, prefixes, next: undefined };
  let last: VersionPage['next'];
  const isFull = (): boolean => versions.length + prefixes.length === query.limit;
  const take = function* (key: string, before: number): Generator<void, boolean> {
    for (const row of versionsOf(index, bucket, key)) {
      yield;
      if (row.sequence >= before) continue;
      if (isFull()) return false;
      versions.push({ key, row, isLatest: row === newestSeen(index, bucket, key, row) });
      last = { key, versionId: row.versionId };
    }
    return true;
  };
  if (
    query.afterSequence !== undefined &&
    Buffer.byteLength(query.after) <= maxKeyBytes &&
    query.after.startsWith(query.prefix) &&
    groupOf(query.after, query) === undefined
  ) {
    if (!(yield* take(query.after, query.afterSequence))) return { versions, prefixes, next: last };
  }
  const walk = new Walk(index, bucket, query);
  for (;;) {
    const entry = yield* walk.next();
    if (entry === undefined) return { versions, prefixes, next: undefined };
    if (isFull()) return { versions, prefixes, next: last };
    const key = objectKeyOf(entry.key).toString('utf8');
    const group = groupOf(key, query);
    if (group !== undefined) {
      prefixes.push(group);
      last = { key: group, versionId: undefined };
      walk.seek(prefixEnd(bucket.id, group));
      continue;
    }
    if (!(yield* take(key, Number.POSITIVE_INFINITY))) return { versions, prefixes, next: last };
    walk.seek(keyEnd(bucket.id, key));
  }
}

/** All of a key, newest first; the null version stands where its time puts it. */
function* versionsOf(index: Index, bucket: BucketRow, key: string): Generator<ObjectRow> {
  const nullPlace = versionKey(bucket.id, key);
  const nullBytes = index.get('objects', nullPlace);
  let plain = nullBytes === undefined ? undefined : decodeRow<ObjectRow>(nullBytes);
  for (let from: Buffer = versionKey(bucket.id, key, Number.MAX_SAFE_INTEGER); ; ) {
    const entries = index.range('objects', from, nullPlace, manyRows);
    for (const { value } of entries) {
      const row = decodeRow<ObjectRow>(value);
      if (plain !== undefined && plain.sequence > row.sequence) {
        yield plain;
        plain = undefined;
      }
      yield row;
    }
    if (entries.length < manyRows) break;
    from = Buffer.concat([entries.at(-1)!.key, Buffer.of(0)]);
  }
  if (plain !== undefined) yield plain;
}

/** The row itself when it is its key's newest. */
function newestSeen(index: Index, bucket: BucketRow, key: string, row: ObjectRow): ObjectRow | undefined {
  const [first] = index.range(
    'objects',
    versionKey(bucket.id, key, Number.MAX_SAFE_INTEGER),
    keyEnd(bucket.id, key),
    1,
  );
  const newest = newestOf(index, bucket, key, first!);
  return newest.sequence === row.sequence ? row : undefined;
}

/** Of a key whose first row this is. */
function newestOf(index: Index, bucket: BucketRow, key: string, first: Entry): ObjectRow {
  const row = decodeRow<ObjectRow>(first.value);
  if (row.versionId === 'null' || bucket.versioning === undefined) return row;
  const bytes = index.get('objects', versionKey(bucket.id, key));
  const plain = bytes === undefined ? undefined : decodeRow<ObjectRow>(bytes);
  return plain !== undefined && plain.sequence > row.sequence ? plain : row;
}

/** The group that a key is shown as. Pure. */
export function groupOf(
  key: string,
  { prefix, delimiter }: Pick<ListQuery, 'prefix' | 'delimiter'>,
): string | undefined {
  if (delimiter === '') return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

/** Rows of the index in order, fetched some at a time. */
class Walk {
  readonly #index: Index;
  readonly #end: Buffer;
  #from: Buffer;
  #rows: Entry[] = [];
  #at = 0;
  #want = manyRows;

  constructor(index: Index, { id }: BucketRow, query: ListQuery) {
    this.#index = index;
    const { prefix, after } = query;
    this.#end = prefixEnd(id, prefix);
    this.#from = prefixStart(id, prefix);
    if (after === '') return;
    const group = after.startsWith(prefix) ? groupOf(after, query) : undefined;
    // A group that is named itself has been shown; of one that is only begun, what is left makes it show again.
    const start = group === after ? prefixEnd(id, group) : keyEnd(id, after);
    if (Buffer.compare(start, this.#from) > 0) this.#from = start;
  }

  /** Nothing before this is of interest any more. */
  seek(from: Buffer): void {
    this.#from = from;
    while (this.#at < this.#rows.length && Buffer.compare(this.#rows[this.#at]!.key, from) < 0) this.#at++;
    // What was fetched for nothing tells how much is worth fetching.
    this.#want =
      this.#at >= this.#rows.length && this.#rows.length > fewRows
        ? fewRows
        : Math.min(manyRows, this.#want * 2);
  }

  *next(): Generator<void, Entry | undefined> {
    if (this.#at >= this.#rows.length) {
      yield;
      if (Buffer.compare(this.#from, this.#end) >= 0) return undefined;
      this.#rows = this.#index.range('objects', this.#from, this.#end, this.#want);
      this.#at = 0;
    }
    return this.#rows[this.#at];
  }
}
