/** What a migration reads: a server of S3, or the folder of a stopped MinIO. Plain data, and how to get at it. */

export interface SourceBucket {
  readonly name: string;
  readonly versioning: 'Enabled' | 'Suspended' | undefined;
  readonly locks: boolean;
  /** Documents as S3 has them, by the parameter that sets them: `policy`, `lifecycle`, `tagging` … */
  readonly settings: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly quota?: number | undefined;
}

export interface SourceVersion {
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** ISO 8601. */
  readonly modified: string;
}

/** All versions of one key, oldest first. */
export interface SourceKey {
  readonly key: string;
  readonly versions: readonly SourceVersion[];
}

export interface SourceObject {
  /** As an uploader says them: Content-Type, metadata, tags, locks. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer>;
  /** Sizes of its parts, where they are known; of one piece: its own. */
  readonly partSizes: readonly number[];
}

export interface People {
  readonly policies: readonly { readonly name: string; readonly document: string }[];
  readonly users: readonly {
    readonly name: string;
    readonly secretKey: string;
    readonly enabled: boolean;
    readonly policies: readonly string[];
  }[];
  readonly groups: readonly {
    readonly name: string;
    readonly enabled: boolean;
    readonly members: readonly string[];
    readonly policies: readonly string[];
  }[];
  readonly keys: readonly {
    readonly accessKey: string;
    readonly secretKey: string;
    /** A user's name; undefined: the administrator. */
    readonly user: string | undefined;
    readonly enabled: boolean;
    readonly policy: string | undefined;
    readonly name: string | undefined;
    readonly expires: string | undefined;
  }[];
}

export interface Source {
  /** For people. */
  readonly name: string;
  buckets(): Promise<SourceBucket[]>;
  /** Keys in the order of their UTF-8 bytes, as S3 lists. */
  keys(bucket: string): AsyncIterable<SourceKey>;
  /** @throws {ClientError} it cannot be read */
  open(bucket: string, key: string, version: SourceVersion): Promise<SourceObject>;
  /** Undefined where there are none to be had. @param onNote told why */
  people(onNote: (text: string) => void): Promise<People | undefined>;
}

/** Of settings that a bucket has when all its objects are there: they would act on what comes. */
export const lateSettings = ['object-lock', 'lifecycle'] as const;
export const earlySettings = ['tagging', 'cors', 'encryption', 'policy'] as const;
