/** What is asked of the store's objects, and who keeps an account of it. */
import type { StagedBody } from './bodies.ts';
import type { Writes } from './index/index.ts';
import type { BucketRow, Checksum, ObjectDraft, ObjectRecord, ObjectRow, Origin } from './rows.ts';

/** Judges what is there (undefined: nothing, or a delete marker) before it is replaced. @throws {S3Error} */
export type Judge = (current: ObjectRow | undefined) => void;

export interface PutObject {
  readonly draft: ObjectDraft;
  readonly body: StagedBody;
  readonly etag: string;
  readonly checksum?: Checksum | undefined;
  readonly partCount?: number | undefined;
  readonly judge?: Judge | undefined;
  /** What else the change must be alone with. */
  readonly scope?: readonly string[] | undefined;
  readonly record?: RecordDraft | undefined;
  /** Goes in the same change; its body may be taken over. */
  readonly takes?: TakenObject | undefined;
  /** Further writes of the same change, and what else must hold: nothing is written yet. @throws {S3Error} */
  readonly also?: ((writes: Writes, row: ObjectRow) => void) | undefined;
}

/** An object that goes in the change that writes another. */
export interface TakenObject {
  readonly bucket: BucketRow;
  readonly key: string;
  /** The version that is meant: of any other nothing is taken. */
  readonly sequence: number;
}

/** On whose behalf a row changes. */
export interface RecordCaller {
  readonly role: string;
  readonly claimsJson: string;
  readonly subject?: string | undefined;
  /** What policies may know of the request. */
  readonly asked: {
    readonly operation: string;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
  };
}

/** What of an object the database is told beside what its row here says, and how it is to get there. */
export interface RecordDraft {
  readonly ownerId?: string | undefined;
  readonly userMetadata?: Readonly<Record<string, unknown>> | undefined;
  readonly xRobotsTag?: string | undefined;
  /** Who has to be allowed to write its row when it is written, long after the body began to come. Absent: a key of S3's. */
  readonly by?: RecordCaller | undefined;
  /** `insert`: nothing of that name may be there. Default `upsert`. */
  readonly mode?: 'insert' | 'upsert' | 'move';
  /** Told of the row that was made, as JSON, when it is there for everybody. */
  readonly onRow?: ((row: Readonly<Record<string, unknown>>) => void) | undefined;
}

/**
 * Keeps the account of a bucket that others have as well, before and after each change here. What it is given as `write` and
 * `erase` is the change.
 */
export interface Recorder {
  put(
    bucket: BucketRow,
    key: string,
    request: PutObject,
    write: (more: RecordedWrite) => Promise<ObjectRow>,
  ): Promise<ObjectRow>;
  delete(
    bucket: BucketRow,
    key: string,
    request: DeleteObject,
    erase: () => Promise<Deleted>,
  ): Promise<Deleted>;
}

/** What a recorder adds to a change. */
export interface RecordedWrite {
  readonly record?: ObjectRecord | undefined;
  readonly also?: ((writes: Writes) => void) | undefined;
}

export interface DeleteObject {
  readonly versionId?: string | undefined;
  readonly bypassGovernance?: boolean;
  readonly judge?: Judge | undefined;
  /** Of a marker that is brought from elsewhere. */
  readonly origin?: Origin | undefined;
  /** Further writes of the same change. @param row the marker that was made, or what is gone */
  readonly also?: ((writes: Writes, row: ObjectRow, isMarkerMade: boolean) => void) | undefined;
  /** Who has to be allowed to delete its row. */
  readonly by?: RecordCaller | undefined;
}

export interface Deleted {
  /** Of the marker that was made, or of the version that is gone; undefined without versioning. */
  readonly versionId: string | undefined;
  /** A marker was made, or is gone. */
  readonly deleteMarker: boolean;
  /** What is gone. */
  readonly removed: ObjectRow | undefined;
}
