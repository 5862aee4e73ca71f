/** What the console's API refuses, in one shape: `code` for programs, `message` the fact, `hint` the next action. */
export interface RefusalBody {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** Of what PostgreSQL refused. */
  readonly sqlState?: string;
  readonly detail?: string;
  /** In the statement, counted in characters from 1. */
  readonly position?: number;
  /** What a route adds: the change that met another's, say. */
  readonly facts?: unknown;
}

const STATUS = {
  signedOut: 401,
  forbidden: 403,
  foreign: 403,
  unknown: 404,
  method: 405,
  conflict: 409,
  input: 422,
  refused: 422,
  throttled: 429,
  busy: 503,
  unreachable: 503,
  late: 504,
} as const;

export type RefusalCode = keyof typeof STATUS;

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly hint: string | null;
  readonly more: Partial<RefusalBody>;

  constructor(code: RefusalCode, message: string, hint?: string, more: Partial<RefusalBody> = {}) {
    super(message);
    this.code = code;
    this.hint = hint ?? null;
    this.more = more;
  }

  get status(): number {
    return STATUS[this.code];
  }

  get body(): RefusalBody {
    return { code: this.code, message: this.message, hint: this.hint, ...this.more };
  }
}
