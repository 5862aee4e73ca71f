/**
 * Keeps what the store holds and what the database records of it the same, whoever changes either.
 *
 * A write goes: what is intended (here, on disk), the row (there, committed), the object (here, on disk, with the same
 * version). A crash in between leaves an intent, and the next start makes the row again what the object here is. A row that
 * is deleted, by whomever, leaves a line in `storage.peakstone_deletions`, and the object goes; until then who reads it
 * finds that there is no row. An object is there for others while row and object have the same version.
 */
import { randomUUID } from 'node:crypto';
import type { Sql } from '@peakstone/kernel/pg';
import type { Emit } from '../events.ts';
import type {
  Deleted,
  DeleteObject,
  PutObject,
  RecordCaller,
  RecordedWrite,
  Recorder,
} from '../store/changes.ts';
import type { Writes } from '../store/index/index.ts';
import type { BucketRow, ObjectRecord, ObjectRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { askAgain } from './askAgain.ts';
import { isRecorded, RecordedBuckets } from './buckets.ts';
import { asService, type Database, type Rows, type Say } from './database.ts';
import { explain, isUnreachable, RecordError } from './errors.ts';
import { type Intent, Intents } from './intents.ts';
import { KeyLocks } from './keyLocks.ts';
import { assertSize, assertType, type BucketLimits } from './limits.ts';
import * as sql from './statements.ts';

export type AnnounceRemoval = (bucket: BucketRow, key: string) => DeleteObject['also'];

/** Deletions dealt with at once. */
const batch = 500;

export class Records implements Recorder {
  readonly buckets: RecordedBuckets;
  readonly #store: Store;
  readonly #database: Database;
  readonly #say: Say;
  readonly #emit: Emit;
  readonly #intents: Intents;
  readonly #locks = new KeyLocks();
  readonly #announce: AnnounceRemoval;

  /** @param announce what goes because its row is gone */
  constructor(store: Store, database: Database, emit: Emit, announce: AnnounceRemoval) {
    this.#announce = announce;
    this.#store = store;
    this.#database = database;
    this.#say = asService(database);
    this.#emit = emit;
    this.#intents = new Intents(store.index);
    this.buckets = new RecordedBuckets({
      store,
      say: this.#say,
      adopt: (bucket, key) =>
        this.#locks.alone([lockName(bucket, key)], () => this.#adoptLocked(bucket, key)),
      onFailure: error => this.#fail(error),
    });
  }

  /** @throws {S3Error} what the change does; {RecordError} what the database has against it */
  async put(
    bucket: BucketRow,
    key: string,
    request: PutObject,
    write: (more: RecordedWrite) => Promise<ObjectRow>,
  ): Promise<ObjectRow> {
    const { takes } = request;
    const by = request.record?.by;
    if (!(await this.buckets.takesPart(bucket))) {
      if (by !== undefined) throw new RecordError('denied', 'Access denied');
      return await write({});
    }
    const names = [lockName(bucket, key), ...(takes ? [lockName(takes.bucket, takes.key)] : [])];
    return await this.#locks.alone(names, async () => {
      await this.#settleLocked(bucket, key);
      const current = this.#store.objects.newest(this.#store.buckets.now(bucket), key);
      request.judge?.(current?.deleteMarker ? undefined : current);
      const { record: draft, draft: described, body, etag } = request;
      if (draft?.mode === 'insert' && current !== undefined && !current.deleteMarker)
        throw new RecordError('duplicate', 'The resource already exists');
      const before = takes && this.#store.objects.newest(takes.bucket, takes.key)?.record;
      const record: ObjectRecord = {
        version: randomUUID(),
        ownerId: draft?.ownerId ?? before?.ownerId,
        userMetadata: draft?.userMetadata,
        xRobotsTag: draft?.xRobotsTag,
      };
      const { origin } = described;
      const row = {
        ...described,
        etag: origin?.etag ?? etag,
        size: body.size,
        modified: origin?.modified ?? Date.now(),
      } as ObjectRow;
      const statement = statementOf(request, sql.valuesOf(bucket.name, key, row, record));
      const intents = [
        { version: record.version, bucketId: bucket.id, key },
        ...(takes ? [{ version: randomUUID(), bucketId: takes.bucket.id, key: takes.key }] : []),
      ];
      const also = (writes: Writes): void => this.#intents.strike(writes, intents);
      return await this.#carryOut(intents, async said => {
        const stored = await this.#write(bucket, statement, key, row, by);
        said();
        const made = await write({ record, also });
        // One that is brought from elsewhere may be older than what is here.
        if (this.#store.objects.newest(bucket, key)?.sequence !== made.sequence)
          await this.#reflect(this.#store.buckets.now(bucket), key, undefined);
        draft?.onRow?.(stored as Readonly<Record<string, unknown>>);
        return made;
      });
    });
  }

  /** @throws {S3Error} what the change does; {RecordError} */
  async delete(
    bucket: BucketRow,
    key: string,
    request: DeleteObject,
    erase: () => Promise<Deleted>,
  ): Promise<Deleted> {
    const now = this.#store.buckets.now(bucket);
    const { by } = request;
    // Only rows are a member's to ask for.
    if (by !== undefined && (!isRecorded(now) || request.versionId !== undefined))
      throw new RecordError('denied', 'Access denied');
    if (!isRecorded(now)) return await erase();
    return await this.#locks.alone([lockName(bucket, key)], async () => {
      await this.#settleLocked(bucket, key);
      const { objects } = this.#store;
      const found = objects.find(now, key, request.versionId);
      request.judge?.(found);
      const newest = objects.newest(now, key);
      // Versions behind the newest are nobody else's affair.
      if (request.versionId !== undefined && found?.sequence !== newest?.sequence) return await erase();
      if (request.versionId !== undefined) {
        const intents = [{ version: randomUUID(), bucketId: bucket.id, key }];
        return await this.#carryOut(intents, async said => {
          said();
          const deleted = await erase();
          await this.#reflect(now, key, undefined);
          await this.#intents.end(intents);
          return deleted;
        });
      }
      const gone = await this.#deleteRow(bucket.name, key, by);
      const deleted = await erase();
      const left = this.#store.objects.newest(now, key);
      if (left !== undefined && !left.deleteMarker) await this.#reflect(now, key, undefined);
      void this.#strike(bucket.name, gone).catch(error => this.#fail(error));
      return deleted;
    });
  }

  /**
   * Whether what is here under a name may be told of: the row says the same. Undoes what a crash left, and what was deleted
   * there goes.
   * @throws {RecordError} unreachable
   */
  async settle(bucket: BucketRow, key: string): Promise<boolean> {
    const row = this.#store.objects.newest(bucket, key);
    if (!isRecorded(bucket) || (row !== undefined && row.record === undefined)) return true;
    if ((await this.#versionOf(bucket, key)) === versionOf(row)) return true;
    return await this.#locks.alone([lockName(bucket, key)], () => this.#settleLocked(bucket, key));
  }

  /** The object of a row that was read, or undefined where it has no bytes here. */
  async find(bucket: BucketRow, key: string, version: string | null): Promise<ObjectRow | undefined> {
    const look = (): ObjectRow | undefined => {
      const row = this.#store.objects.newest(bucket, key);
      return row !== undefined && !row.deleteMarker && row.record?.version === version ? row : undefined;
    };
    const found = look();
    if (found !== undefined) return found;
    await this.settle(bucket, key);
    return look();
  }

  /** Deals with what was deleted in the database. @returns whether there may be more */
  async drain(): Promise<boolean> {
    const [rows] = await this.#say([sql.listDeletions(batch)]);
    const deletions = rows as unknown as sql.Deletion[];
    if (deletions.length === 0) return false;
    for (const deletion of deletions) await this.#erase(deletion);
    await this.#say([sql.strikeDeletions(deletions.map(({ id }) => id))]);
    return deletions.length === batch;
  }

  /** Of what has just been deleted there, under a caller's role. */
  async dropped(bucket: string, objects: readonly sql.StoredObject[]): Promise<void> {
    for (const { name, version } of objects) await this.#erase({ id: 0, bucket_id: bucket, name, version });
    await this.#strike(bucket, objects);
  }

  /** Takes back what a crash left, and goes on with what it broke off. @throws {RecordError} unreachable */
  async recover(): Promise<void> {
    for (const intent of this.#intents.open()) await this.#takeBack(intent);
    while (await this.drain());
    for (const bucket of this.#store.buckets.all()) await this.buckets.adopt(bucket);
  }

  /** @throws {RecordError} denied: there is one, and it is not the caller's to delete */
  async #deleteRow(
    bucket: string,
    key: string,
    by: RecordCaller | undefined,
  ): Promise<readonly sql.StoredObject[]> {
    const statement = sql.deleteObject(bucket, key);
    if (by === undefined) return (await this.#say([statement]))[0] as unknown as sql.StoredObject[];
    let gone: Rows;
    try {
      gone = (await this.#database.run(by, [statement], { asked: by.asked }))[0]!;
    } catch (error) {
      throw explain(error);
    }
    const [left] = gone.length > 0 ? [[]] : await this.#say([sql.findVersion(bucket, key)]);
    if (left!.length > 0) throw new RecordError('denied', 'Access denied');
    return gone as unknown as sql.StoredObject[];
  }

  /**
   * The row, if the bucket takes it and `by` may make it as things are now: what it may was asked when its body began to come,
   * and much can have happened since. For S3's keys a bucket's row that is gone is made again.
   */
  async #write(
    bucket: BucketRow,
    statement: Sql,
    name: string,
    row: ObjectRow,
    by: RecordCaller | undefined,
  ): Promise<unknown> {
    const trial = askAgain(by, statement);
    const inspect = ([limits, stored]: readonly Rows[]): void => {
      const [found] = limits as unknown as BucketLimits[];
      if (found !== undefined) {
        assertSize(row.size, name, found);
        assertType(row.headers['content-type'] ?? '', name, found);
      }
      if (stored?.length === 0) throw new RecordError('failed', 'Nothing was written.');
    };
    const statements = [sql.limitsOf(bucket.name), statement];
    try {
      return (await this.#say(statements, { inspect, trial }))[1]![0];
    } catch (error) {
      if (!(error instanceof RecordError) || error.reason !== 'referenced') throw error;
      if (by !== undefined) throw new RecordError('noBucket', 'Bucket not found', error);
      await this.#say([sql.addBucket(bucket.name, false)]);
      return (await this.#say(statements, { inspect }))[1]![0];
    }
  }

  /**
   * Writes the intents down and works. When that fails after `said`, the row may be another than the object's: it is taken
   * back, at once or when the database can be asked again.
   */
  async #carryOut<T>(intents: readonly Intent[], work: (said: () => void) => Promise<T>): Promise<T> {
    await this.#intents.begin(intents);
    let isSaid = false;
    try {
      const result = await work(() => {
        isSaid = true;
      });
      this.#intents.letGo(intents);
      return result;
    } catch (error) {
      if (!isSaid && !isUnreachable(error)) await this.#intents.end(intents);
      else {
        this.#intents.letGo(intents);
        // Of one that may still be under way in a broken session nothing is known yet. What cannot be taken back now stays on
        // disk, and is by the next who asks for the object, or the next start; the error that led here is the one to tell.
        if (isSaid) for (const intent of intents) await this.#takeBackLocked(intent).catch(() => undefined);
      }
      throw error;
    }
  }

  async #takeBack(intent: Intent): Promise<void> {
    const bucket = this.#store.buckets.byId(intent.bucketId);
    if (bucket === undefined) await this.#intents.end([intent]);
    else await this.#locks.alone([lockName(bucket, intent.key)], () => this.#takeBackLocked(intent));
  }

  async #takeBackLocked(intent: Intent): Promise<void> {
    const bucket = this.#store.buckets.byId(intent.bucketId);
    if (bucket !== undefined) await this.#reflect(bucket, intent.key, intent.version);
    await this.#intents.end([intent]);
  }

  /** Makes the row what the object here is. @param version of a row that is to go where there is no object; absent: any */
  async #reflect(bucket: BucketRow, key: string, version: string | undefined): Promise<void> {
    const row = this.#store.objects.newest(bucket, key);
    if (row === undefined || row.deleteMarker) {
      const [gone] = await this.#say([sql.deleteObject(bucket.name, key, version)]);
      await this.#strike(bucket.name, gone as unknown as sql.StoredObject[]);
    } else if (row.record === undefined) await this.#adoptLocked(bucket, key);
    else if ((await this.#versionOf(bucket, key)) !== row.record.version)
      await this.#say([sql.upsertObject(sql.valuesOf(bucket.name, key, row, row.record))]);
  }

  async #adoptLocked(bucket: BucketRow, key: string): Promise<void> {
    const row = this.#store.objects.newest(bucket, key);
    if (row === undefined || row.deleteMarker || row.record !== undefined) return;
    const record: ObjectRecord = { version: randomUUID() };
    await this.#say([sql.upsertObject(sql.valuesOf(bucket.name, key, row, record))]);
    await this.#store.objects.update(bucket, key, undefined, now =>
      now.sequence === row.sequence ? { ...now, record } : now,
    );
  }

  /** @returns as `settle` */
  async #settleLocked(bucket: BucketRow, key: string): Promise<boolean> {
    if (!isRecorded(bucket)) return true;
    const open = this.#intents.open().filter(intent => intent.bucketId === bucket.id && intent.key === key);
    for (const intent of open) await this.#takeBackLocked(intent);
    const row = this.#store.objects.newest(bucket, key);
    if (row !== undefined && row.record === undefined) return true;
    const version = await this.#versionOf(bucket, key);
    if (version === versionOf(row)) return true;
    if (version === undefined) {
      const [deletions] = await this.#say([sql.findDeletions(bucket.name, key)]);
      const found = deletions as unknown as sql.Deletion[];
      for (const deletion of found) await this.#eraseLocked(bucket, deletion);
      if (found.length > 0) await this.#say([sql.strikeDeletions(found.map(({ id }) => id))]);
      const left = this.#store.objects.newest(bucket, key);
      return left === undefined || left.deleteMarker === true;
    }
    return false;
  }

  /** Undefined: no row. */
  async #versionOf(bucket: BucketRow, key: string): Promise<string | null | undefined> {
    const [rows] = await this.#say([sql.findVersion(bucket.name, key)]);
    return rows!.length === 0 ? undefined : (rows![0] as string | null);
  }

  async #erase(deletion: sql.Deletion): Promise<void> {
    const bucket = this.#store.buckets.find(deletion.bucket_id);
    if (bucket === undefined || !isRecorded(bucket)) return;
    if (deletion.name === '') await this.#eraseBucket(bucket);
    else
      await this.#locks.alone([lockName(bucket, deletion.name)], () => this.#eraseLocked(bucket, deletion));
  }

  async #eraseLocked(bucket: BucketRow, { name, version }: sql.Deletion): Promise<void> {
    const row = this.#store.objects.newest(bucket, name);
    if (row === undefined || row.deleteMarker || row.record?.version !== version) return;
    await this.#store.objects.erase(bucket, name, { also: this.#announce(bucket, name) });
  }

  /** Its row is gone, and nothing is left in it. */
  async #eraseBucket(bucket: BucketRow): Promise<void> {
    const [names] = await this.#say([sql.limitsOf(bucket.name)]);
    if (names!.length > 0) return;
    try {
      await this.#store.buckets.remove(bucket);
      await this.#store.uploads.abortAll(bucket);
    } catch (error) {
      // Versions that are kept: the bucket stays, and with it its row.
      await this.#say([sql.addBucket(bucket.name, false)]);
      this.#fail(error);
    }
  }

  async #strike(bucket: string, gone: readonly sql.StoredObject[]): Promise<void> {
    if (gone.length > 0) await this.#say([sql.strikeVersions(bucket, gone)]);
  }

  #fail(error: unknown): void {
    this.#emit({ kind: 'backgroundFailed', error });
  }
}

function statementOf({ record, takes }: PutObject, values: sql.ObjectValues): Sql {
  if (record?.mode === 'insert') return sql.insertObject(values);
  if (record?.mode === 'move' && takes !== undefined)
    return sql.moveObject({ bucket: takes.bucket.name, name: takes.key }, values);
  return sql.upsertObject(values);
}

function versionOf(row: ObjectRow | undefined): string | undefined {
  return row === undefined || row.deleteMarker ? undefined : row.record?.version;
}

function lockName({ id }: BucketRow, key: string): string {
  return `${id}/${key}`;
}
