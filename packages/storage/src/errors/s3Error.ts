import { errorTable, type S3ErrorCode } from './table.ts';

interface Details {
  /** In place of the table's. */
  readonly message?: string;
  /** Elements beside Code and Message, such as `ActualObjectSize`. */
  readonly elements?: Readonly<Record<string, string>>;
  /** Flat. */
  readonly headers?: readonly string[];
  /** In place of the table's: the same code has several. */
  readonly status?: number;
  readonly cause?: unknown;
}

/** A refusal in S3's words; rendered once, at the edge. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: S3ErrorCode;
  readonly status: number;
  readonly elements: Readonly<Record<string, string>>;
  readonly headers: readonly string[];

  /** @example throw new S3Error('InvalidArgument', { message: 'Part number must be an integer between 1 and 10000' }) */
  constructor(code: S3ErrorCode, details: Details | string = {}) {
    const { message, elements, headers, status, cause } =
      typeof details === 'string' ? { message: details } : (details as Details);
    super(message ?? errorTable[code][1], cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status ?? errorTable[code][0];
    this.elements = elements ?? {};
    this.headers = headers ?? [];
  }
}
