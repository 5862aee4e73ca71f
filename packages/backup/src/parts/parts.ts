/** A stream that was stored as numbered objects. */
export interface StoredParts {
  /** Of the backup that it belongs to. */
  readonly id: string;
  readonly parts: number;
  readonly nameOf: PartName;
}

/** Where an object of it lies in the vault. */
export type PartName = (part: number) => string;
