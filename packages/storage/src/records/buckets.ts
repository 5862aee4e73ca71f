/** Which buckets are recorded in the database, and how one comes to be. */
import { runPaced } from '@peakstone/kernel/pace';
import { homeAccount } from '../iam/identity.ts';
import { listObjects } from '../store/list.ts';
import type { BucketRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import type { Say } from './database.ts';
import { RecordError } from './errors.ts';
import type { BucketLimits } from './limits.ts';
import * as sql from './statements.ts';

/** Objects looked at together. */
const batch = 500;
/** How long a database that could not be asked is not asked for what can wait. */
const restMs = 5000;

export interface BucketParts {
  readonly store: Store;
  readonly say: Say;
  /** Records one object that was there before. */
  adopt(bucket: BucketRow, key: string): Promise<void>;
  onFailure(error: unknown): void;
}

export class RecordedBuckets {
  readonly #parts: BucketParts;
  /** By bucket, what records what was in it before. */
  readonly #adoptions = new Map<number, Promise<void>>();
  #restsUntil = 0;

  constructor(parts: BucketParts) {
    this.#parts = parts;
  }

  /** Makes a bucket's row where it has none; those of what is in it follow. */
  async ensure(bucket: BucketRow): Promise<void> {
    if (this.#parts.store.buckets.now(bucket).recorded !== undefined) return;
    const isPublic = bucket.acl?.grants.some(
      ({ grantee, permission }) =>
        grantee.kind === 'group' && grantee.uri.endsWith('/AllUsers') && permission === 'READ',
    );
    await this.#parts.say([sql.addBucket(bucket.name, isPublic === true)]);
    const begun = await this.#parts.store.buckets.update(bucket, row => ({
      ...row,
      recorded: row.recorded ?? 'begun',
    }));
    void this.adopt(begun).catch(error => this.#parts.onFailure(error));
  }

  /** The same, or later where the database cannot be asked. */
  async ensureSoon(bucket: BucketRow): Promise<void> {
    await this.takesPart(bucket);
  }

  /** What a bucket takes; undefined: nothing is known of it there. @throws {RecordError} */
  async limits(name: string): Promise<BucketLimits | undefined> {
    const [rows] = await this.#parts.say([sql.limitsOf(name)]);
    return rows![0] as BucketLimits | undefined;
  }

  /** The bucket here of a row there, made where there is none; whole. */
  async bucketOf(name: string): Promise<BucketRow> {
    const { buckets } = this.#parts.store;
    const bucket = buckets.find(name) ?? (await buckets.create(ownBucket(name)));
    await this.ensure(bucket);
    await this.adopt(buckets.now(bucket));
    return buckets.now(bucket);
  }

  /** All buckets on both sides. @throws {RecordError} unreachable */
  async sync(): Promise<void> {
    const { buckets } = this.#parts.store;
    const [names] = await this.#parts.say([sql.bucketNames()]);
    const there = new Set(names as string[]);
    for (const bucket of buckets.all()) {
      if (bucket.recorded === 'aside') continue;
      if (bucket.recorded === undefined) await this.ensure(bucket);
      // Such as after an import, which brings tables of its own.
      else if (!there.has(bucket.name)) await this.#parts.say([sql.addBucket(bucket.name, false)]);
    }
    for (const name of there) if (buckets.find(name) === undefined) await buckets.create(ownBucket(name));
    for (const bucket of buckets.all())
      if (bucket.recorded === undefined && there.has(bucket.name)) await this.ensure(bucket);
  }

  /** A bucket is about to go; what speaks against it is thrown. @throws {RecordError} referenced: it is not empty there */
  async drop(bucket: BucketRow): Promise<void> {
    if (isRecorded(bucket)) await this.#parts.say([sql.deleteBucket(bucket.name)]);
  }

  /** Records what was in a bucket before it was recorded, once at a time. */
  async adopt(bucket: BucketRow): Promise<void> {
    if (bucket.recorded !== 'begun') return;
    let adoption = this.#adoptions.get(bucket.id);
    if (adoption === undefined) {
      adoption = this.#adoptAll(bucket).finally(() => this.#adoptions.delete(bucket.id));
      this.#adoptions.set(bucket.id, adoption);
    }
    await adoption;
  }

  /** Whether what is written to it has to be recorded; a bucket that nobody has been told of yet can wait for the database. */
  async takesPart(bucket: BucketRow): Promise<boolean> {
    const now = this.#parts.store.buckets.now(bucket);
    if (now.recorded !== undefined) return isRecorded(now);
    if (Date.now() < this.#restsUntil) return false;
    try {
      await this.ensure(now);
      return true;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      // Nobody has been told yet that it is recorded: it can wait.
      this.#restsUntil = Date.now() + restMs;
      return false;
    }
  }

  async #adoptAll(bucket: BucketRow): Promise<void> {
    const { buckets, index } = this.#parts.store;
    for (let after = ''; ; ) {
      const query = { prefix: '', delimiter: '', after, limit: batch };
      const page = await runPaced(listObjects(index, buckets.now(bucket), query));
      for (const { key, row } of page.objects)
        if (row.record === undefined) await this.#parts.adopt(bucket, key);
      if (page.next === undefined) break;
      after = page.next;
    }
    await buckets.update(bucket, row => ({ ...row, recorded: 'whole' }));
  }
}

export function isRecorded({ recorded }: BucketRow): boolean {
  return recorded === 'begun' || recorded === 'whole';
}

/** The administrator's, as those are that it makes itself. */
function ownBucket(name: string): Omit<BucketRow, 'id' | 'created'> {
  return {
    name,
    accountId: homeAccount.id,
    owner: { id: homeAccount.canonicalId, name: homeAccount.name },
  };
}
