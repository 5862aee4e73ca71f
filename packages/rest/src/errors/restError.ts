import type { QualifiedName } from '@peakstone/kernel/catalog';

/**
 * Every code the engine itself raises and its HTTP status.
 * @see https://docs.postgrest.org/en/stable/references/errors.html#postgrest-error-codes
 */
const statusByCode: Readonly<Record<string, number>> = {
  // 0xx: the connection to the database
  PGRST000: 503,
  PGRST001: 503,
  PGRST002: 503,
  PGRST003: 504,
  // 1xx: the request
  PGRST100: 400,
  PGRST101: 405,
  PGRST102: 400,
  PGRST103: 416,
  PGRST105: 405,
  PGRST106: 406,
  PGRST107: 406,
  PGRST108: 400,
  PGRST111: 500,
  PGRST112: 500,
  PGRST114: 400,
  PGRST115: 400,
  PGRST116: 406,
  PGRST117: 405,
  PGRST118: 400,
  PGRST120: 400,
  PGRST121: 500,
  PGRST122: 400,
  PGRST123: 400,
  PGRST124: 400,
  PGRST125: 404,
  PGRST126: 404,
  PGRST127: 400,
  PGRST128: 400,
  // 2xx: the schema cache
  PGRST200: 400,
  PGRST201: 300,
  PGRST202: 404,
  PGRST203: 300,
  PGRST204: 400,
  PGRST205: 404,
  // 3xx: authentication
  PGRST300: 500,
  PGRST301: 401,
  PGRST302: 401,
  PGRST303: 401,
  // X: a defect of ours
  PGRSTX00: 500,
};

/** What a hint names: all of the relations, and any of the routines, must be the role's to use. */
export interface Named {
  readonly relations?: readonly QualifiedName[];
  /** By oid. */
  readonly routines?: readonly number[];
}

/** What a refusal suggests, best first, where it must name nothing that the role may not use. */
export interface Suggestions {
  readonly candidates: readonly Named[];
  /** What is said when only these of the candidates, by index, may be named. */
  tell(usable: readonly number[]): Wording;
}

/** What of a refusal depends on who is told; absent parts stay as they are. */
export interface Wording {
  readonly hint: string | null;
  readonly details?: unknown;
  readonly message?: string;
}

export interface RestErrorOptions {
  /** Anything JSON can hold; null when absent. */
  readonly details?: unknown;
  readonly hint?: string | null;
  /** Default: the table's status for the code; 500 for a code outside it. */
  readonly status?: number;
  /** Flat `name, value, …`, sent after Content-Type and Proxy-Status. */
  readonly headers?: readonly string[];
  readonly statusText?: string | undefined;
  /** Of a batch, the request that failed. */
  readonly index?: number;
  readonly suggestions?: Suggestions | null;
  readonly cause?: unknown;
}

/**
 * A refusal with everything its response needs. `code` is a `PGRSTnnn`, a SQLSTATE, or what a function raised.
 * @example throw new RestError('PGRST125', 'Invalid path specified in request URL')
 */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly code: string;
  readonly details: unknown;
  readonly hint: string | null;
  readonly status: number;
  readonly statusText: string | undefined;
  readonly headers: readonly string[];
  readonly index: number | null;
  readonly suggestions: Suggestions | null;

  constructor(code: string, message: string, options: RestErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? null;
    this.hint = options.hint ?? null;
    this.status = options.status ?? statusByCode[code] ?? 500;
    this.statusText = options.statusText;
    this.headers = options.headers ?? [];
    this.index = options.index ?? null;
    this.suggestions = options.suggestions ?? null;
  }

  /** The same refusal, as that of one request of a batch. */
  ofRequest(index: number): RestError {
    return this.#with({ index });
  }

  /** The same refusal, with another hint and, if given, other details and another message. */
  telling({ message = this.message, ...wording }: Wording): RestError {
    return this.#with(wording, message);
  }

  #with(changes: Pick<RestErrorOptions, 'index' | 'hint' | 'details'>, message = this.message): RestError {
    const { code, details, hint, status, statusText, headers, suggestions, cause } = this;
    const index = this.index === null ? {} : { index: this.index };
    const same = { details, hint, status, statusText, headers, suggestions, cause, ...index };
    return new RestError(code, message, { ...same, ...changes });
  }
}
