/** Kriti's templates as trees: JSON with expressions in it. @see https://github.com/hasura/kriti-lang */

/** Line from 0, columns from 1, the end after the last character: as the reference tells them. */
export interface Span {
  readonly line: number;
  readonly start: number;
  readonly endLine: number;
  readonly end: number;
}

export type Expression = { readonly span: Span } & (
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'text'; readonly parts: readonly (string | Expression)[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'name'; readonly name: string }
  | {
      readonly kind: 'member';
      readonly of: Expression;
      readonly key: Expression;
      /** What is not there is null rather than an error. */
      readonly isOptional: boolean;
    }
  | { readonly kind: 'call'; readonly name: string; readonly argument: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'if';
      readonly branches: readonly (readonly [condition: Expression, then: Expression])[];
      readonly otherwise: Expression;
    }
  | {
      readonly kind: 'range';
      readonly index: string | null;
      readonly item: string;
      readonly over: Expression;
      readonly body: Expression;
    }
);

/** What is wrong with a template, or with what it was filled with. */
export class KritiError extends Error {
  override readonly name = 'KritiError';
  readonly code: string;
  readonly span: Span;

  constructor(code: string, message: string, span: Span) {
    super(message);
    this.code = code;
    this.span = span;
  }

  /** As the reference tells it. */
  toJSON(): unknown {
    const { line, start, endLine, end } = this.span;
    return {
      error_code: this.code,
      source_position: { start_line: line, start_column: start, end_line: endLine, end_column: end },
      message: this.message,
    };
  }
}
