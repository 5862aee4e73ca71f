/** Buckets: all of them in memory, as every request needs one; changed through the index. */
import { S3Error } from '../errors/s3Error.ts';
import type { Index } from './index/index.ts';
import { bucketEnd, bucketStart, textKey } from './index/keys.ts';
import { type BucketRow, decodeRow, encodeRow } from './rows.ts';

export class Buckets {
  readonly #index: Index;
  readonly #byName = new Map<string, BucketRow>();
  readonly #byId = new Map<number, BucketRow>();
  #lastId = 0;

  constructor(index: Index) {
    this.#index = index;
    for (let from = Buffer.of(0); ; ) {
      const entries = index.range('buckets', from, undefined, 1000);
      for (const { value } of entries) this.#remember(decodeRow<BucketRow>(value));
      if (entries.length < 1000) return;
      from = Buffer.concat([entries.at(-1)!.key, Buffer.of(0)]);
    }
  }

  find(name: string): BucketRow | undefined {
    return this.#byName.get(name);
  }

  /** @throws {S3Error} NoSuchBucket */
  get(name: string): BucketRow {
    const bucket = this.#byName.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: name } });
    return bucket;
  }

  /** As it is now, of one that was found before. @throws {S3Error} NoSuchBucket */
  now({ id, name }: BucketRow): BucketRow {
    const bucket = this.#byId.get(id);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: name } });
    return bucket;
  }

  byId(id: number): BucketRow | undefined {
    return this.#byId.get(id);
  }

  /** By name. */
  all(): BucketRow[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Made again by its owner as it was, it is the same. @throws {S3Error} BucketAlreadyExists */
  async create(row: Omit<BucketRow, 'id' | 'created'>): Promise<BucketRow> {
    return await this.#index
      .change({ alone: [`name/${row.name}`] }, writes => {
        const present = this.#byName.get(row.name);
        if (present !== undefined && isSame(present, row)) return present;
        if (present !== undefined)
          throw new S3Error('BucketAlreadyExists', {
            elements: { BucketName: row.name },
          });
        const made: BucketRow = { ...row, id: ++this.#lastId, created: Date.now() };
        writes.put('buckets', textKey(row.name), encodeRow(made));
        return made;
      })
      .then(made => {
        this.#remember(made);
        return made;
      });
  }

  /** @throws {S3Error} NoSuchBucket, and what `change` does */
  async update(bucket: BucketRow, change: (row: BucketRow) => BucketRow): Promise<BucketRow> {
    const changed = await this.#index.change({ alone: [bucketScope(bucket)] }, writes => {
      const next = change(this.now(bucket));
      writes.put('buckets', textKey(bucket.name), encodeRow(next));
      return next;
    });
    this.#remember(changed);
    return changed;
  }

  /** @throws {S3Error} NoSuchBucket, BucketNotEmpty */
  async remove(bucket: BucketRow): Promise<void> {
    await this.#index.change({ alone: [bucketScope(bucket), `name/${bucket.name}`] }, writes => {
      this.now(bucket);
      if (this.#index.keys('objects', bucketStart(bucket.id), bucketEnd(bucket.id), 1).length > 0)
        throw new S3Error('BucketNotEmpty', { elements: { BucketName: bucket.name } });
      writes.remove('buckets', textKey(bucket.name));
    });
    this.#byName.delete(bucket.name);
    this.#byId.delete(bucket.id);
  }

  #remember(row: BucketRow): void {
    this.#byName.set(row.name, row);
    this.#byId.set(row.id, row);
    this.#lastId = Math.max(this.#lastId, row.id);
  }
}

/** Made again by its owner as it was made: nothing has to be done. */
function isSame(present: BucketRow, row: Omit<BucketRow, 'id' | 'created'>): boolean {
  return (
    present.accountId === row.accountId &&
    JSON.stringify(present.acl) === JSON.stringify(row.acl) &&
    (present.objectLock === undefined) === (row.objectLock === undefined)
  );
}

export function bucketScope({ id }: BucketRow): string {
  return `bucket/${id}`;
}
