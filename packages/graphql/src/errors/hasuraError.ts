import { type ErrorCode, statusOfCode } from './codes.ts';
import { type Path, showPath } from './path.ts';

export interface HasuraErrorOptions {
  /** Default: the root, `$`. */
  readonly path?: Path;
  /** HTTP status, where it is another than the code's. */
  readonly status?: number;
  /** For the administrator alone: statement, arguments and what the server said. */
  readonly internal?: unknown;
  /** Members beside code and path, as an action's webhook gives them. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** All of `extensions`, in place of ours. */
  readonly bareExtensions?: Readonly<Record<string, unknown>>;
  /** A code that is none of ours, as a webhook gives it. */
  readonly shownCode?: string;
  /** All entries of `errors`, as another GraphQL server gave them, in place of ours. */
  readonly answer?: readonly unknown[];
  readonly cause?: unknown;
}

/** A refusal in the reference's words: the one kind of error that reaches a client. */
export class HasuraError extends Error {
  override readonly name = 'HasuraError';
  readonly code: ErrorCode;
  readonly path: Path;
  readonly status: number;
  readonly internal: unknown;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  readonly bareExtensions: Readonly<Record<string, unknown>> | undefined;
  readonly shownCode: string;
  readonly answer: readonly unknown[] | undefined;

  constructor(code: ErrorCode, message: string, options: HasuraErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.path = options.path ?? [];
    this.status = options.status ?? statusOfCode(code);
    this.internal = options.internal;
    this.extensions = options.extensions;
    this.bareExtensions = options.bareExtensions;
    this.shownCode = options.shownCode ?? code;
    this.answer = options.answer;
  }

  /** The same error, told of a part of what is at `prefix`. */
  within(prefix: Path): HasuraError {
    return new HasuraError(this.code, this.message, {
      path: [...prefix, ...this.path],
      status: this.status,
      internal: this.internal,
      cause: this.cause,
      shownCode: this.shownCode,
      ...(this.bareExtensions && { bareExtensions: this.bareExtensions }),
      ...(this.extensions && { extensions: this.extensions }),
      ...(this.answer && { answer: this.answer }),
    });
  }

  /** The path as the reference writes it. */
  get pathText(): string {
    return showPath(this.path);
  }
}
