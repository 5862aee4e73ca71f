/** What the IAM keeps, as data. */

export interface UserRecord {
  /** Its access key, too. */
  readonly name: string;
  readonly secretKey: string;
  readonly enabled: boolean;
  /** Names of policies. */
  readonly policies: readonly string[];
  readonly updated: number;
}

export interface GroupRecord {
  readonly name: string;
  readonly enabled: boolean;
  readonly members: readonly string[];
  readonly policies: readonly string[];
  readonly updated: number;
}

export interface PolicyRecord {
  readonly name: string;
  /** The document as it came. */
  readonly text: string;
  readonly created: number;
  readonly updated: number;
}

/** A key of its own with its parent's rights, or fewer. */
export interface ServiceAccountRecord {
  readonly accessKey: string;
  readonly secretKey: string;
  /** A user's name; the root user's access key for the root's. */
  readonly parent: string;
  readonly enabled: boolean;
  /** What it is narrowed to. */
  readonly policy?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Milliseconds. */
  readonly expires?: number | undefined;
}

/** Temporary credentials of AssumeRole. */
export interface SessionRecord {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly token: string;
  readonly parent: string;
  readonly policy?: string | undefined;
  readonly expires: number;
}
