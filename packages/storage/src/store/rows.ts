/** What the index holds: plain data, as JSON with a checksum before it. */
import { crc32 } from 'node:zlib';
import type { LifecycleRule } from './lifecycleRule.ts';

/** Where a body's bytes are. */
export type BlobRef =
  | { readonly kind: 'none' }
  /** In the index itself. */
  | { readonly kind: 'inline'; readonly id: number; readonly crc: number }
  | { readonly kind: 'file'; readonly id: string }
  /** Several, one after the other, as the manifest of that id lists them. */
  | { readonly kind: 'parts'; readonly id: number };

/** How a body is sealed; never the key itself. */
export interface Sealed {
  readonly kind: 'SSE-C' | 'SSE-S3' | 'SSE-KMS';
  /** The object's own key, wrapped by the customer's or the server's; base64. */
  readonly wrappedKey: string;
  /** Base64 MD5 of the customer's key. */
  readonly customerKeyMd5?: string | undefined;
  /** Name of the server's key. */
  readonly keyId?: string | undefined;
}

export interface Checksum {
  readonly algorithm: 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';
  /** Base64; of a composite with `-N`. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** Milliseconds. */
  readonly until: number;
}

export interface Grant {
  readonly grantee:
    | { readonly kind: 'user'; readonly id: string; readonly name: string }
    | { readonly kind: 'group'; readonly uri: string };
  readonly permission: 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';
}

export interface Owner {
  readonly id: string;
  readonly name: string;
}

export interface Acl {
  readonly owner: Owner;
  readonly grants: readonly Grant[];
}

export type Tags = Readonly<Record<string, string>>;

/** One version of an object. */
export interface ObjectRow {
  /** `null` for the version that a bucket without versioning has. */
  readonly versionId: string;
  /** Orders versions; larger is newer. */
  readonly sequence: number;
  /** Milliseconds. */
  readonly modified: number;
  readonly deleteMarker?: true;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly blob: BlobRef;
  readonly owner: Owner;
  /** Content-Type and its like, by lower-case name, as they came. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata, by name without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags?: Tags | undefined;
  readonly checksum?: Checksum | undefined;
  readonly sealed?: Sealed | undefined;
  readonly retention?: Retention | undefined;
  readonly legalHold?: boolean | undefined;
  /** Absent: the owner's alone. */
  readonly acl?: Acl | undefined;
  readonly storageClass?: string | undefined;
  /** Of an object made of parts. */
  readonly partCount?: number | undefined;
  /** As it is recorded in the database, where its bucket is. */
  readonly record?: ObjectRecord | undefined;
}

/** What the database says of an object beyond what its row here does. */
export interface ObjectRecord {
  /** Names these bytes there: an object is there for others while both say the same. */
  readonly version: string;
  /** Who made it: the subject of a token. */
  readonly ownerId?: string | undefined;
  /** Any JSON object. */
  readonly userMetadata?: Readonly<Record<string, unknown>> | undefined;
  readonly xRobotsTag?: string | undefined;
}

/** One part in a manifest. */
export interface ManifestPart {
  readonly number: number;
  readonly size: number;
  readonly blob: BlobRef;
  readonly checksum?: string | undefined;
}

export interface UploadRow {
  readonly id: string;
  readonly initiated: number;
  readonly initiator: Owner;
  /** Everything that the object will be, but for its body. */
  readonly draft: ObjectDraft;
  readonly checksum?:
    | { readonly algorithm: Checksum['algorithm']; readonly type: Checksum['type'] }
    | undefined;
  /** Of one that is sent in pieces by TUS. */
  readonly resumable?: ResumableUpload | undefined;
}

export interface ResumableUpload {
  /** Bytes of the whole. */
  readonly size: number;
  /** Upload-Metadata, as it came. */
  readonly metadata: string;
  readonly expires: number;
  readonly upsert: boolean;
  /** Whose it is alone; null: of those that have no subject. Absent in what earlier versions began: anybody's who has its URL. */
  readonly owner?: string | null;
}

export interface PartRow {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly modified: number;
  readonly blob: BlobRef;
  readonly checksum?: string | undefined;
}

/** What an object was where it was brought from, which it shall be here as well. */
export interface Origin {
  /** Milliseconds. */
  readonly modified?: number | undefined;
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
}

/** What an uploader says of an object. */
export type ObjectDraft = { readonly origin?: Origin | undefined } & Pick<
  ObjectRow,
  | 'owner'
  | 'headers'
  | 'metadata'
  | 'tags'
  | 'retention'
  | 'legalHold'
  | 'acl'
  | 'storageClass'
  | 'sealed'
  | 'record'
>;

export interface BucketRow {
  readonly id: number;
  readonly name: string;
  readonly created: number;
  readonly accountId: string;
  readonly owner: Owner;
  readonly region?: string | undefined;
  /** Absent: never enabled. */
  readonly versioning?: 'Enabled' | 'Suspended' | undefined;
  readonly objectLock?: ObjectLock | undefined;
  /** Documents as they came, or as their parser made them; each operation knows its own. */
  readonly policy?: string | undefined;
  readonly cors?: readonly CorsRule[] | undefined;
  readonly lifecycle?: readonly LifecycleRule[] | undefined;
  readonly tags?: Tags | undefined;
  readonly encryption?: BucketEncryption | undefined;
  readonly notification?: readonly NotificationRule[] | undefined;
  readonly acl?: Acl | undefined;
  readonly ownership?: 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter' | undefined;
  readonly publicAccessBlock?: PublicAccessBlock | undefined;
  /** Bytes. */
  readonly quota?: number | undefined;
  /**
   * What is in it is recorded in the database as well. `begun`: what was in it before is not yet. `aside`: never, as the
   * bucket is a service's own.
   */
  readonly recorded?: 'begun' | 'whole' | 'aside' | undefined;
}

export interface ObjectLock {
  readonly mode?: Retention['mode'] | undefined;
  readonly days?: number | undefined;
  readonly years?: number | undefined;
}

export interface BucketEncryption {
  readonly algorithm: 'AES256' | 'aws:kms';
  readonly keyId?: string | undefined;
  readonly bucketKey?: boolean | undefined;
}

export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

export interface CorsRule {
  readonly id?: string | undefined;
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
}

/** Of which changes somebody is told. */
export interface NotificationRule {
  readonly id: string;
  /** Of whom is told. */
  readonly arn: string;
  /** `s3:ObjectCreated:*` and its like. */
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

/** A row whose bytes are not those that were written. */
export class CorruptionError extends Error {
  override readonly name = 'CorruptionError';
}

const headBytes = 4;

export function encodeRow(row: object): Buffer {
  const text = JSON.stringify(row);
  const bytes = Buffer.allocUnsafe(headBytes + Buffer.byteLength(text));
  bytes.write(text, headBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(headBytes)), 0);
  return bytes;
}

/** @throws {CorruptionError} */
export function decodeRow<Row>(bytes: Buffer): Row {
  const body = bytes.subarray(headBytes);
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== crc32(body))
    throw new CorruptionError('A row of the index is damaged');
  return JSON.parse(body.toString('utf8')) as Row;
}
