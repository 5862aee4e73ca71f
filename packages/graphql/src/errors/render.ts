/** Errors become bodies here, and nowhere else: GraphQL's form and that of the metadata API. */
import type { HasuraError } from './hasuraError.ts';

export interface RenderOptions {
  /** Whether what is for the administrator alone is shown. */
  readonly showInternal: boolean;
}

interface GraphqlError {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** One entry of `errors`. Pure. */
export function graphqlError(error: HasuraError, { showInternal }: RenderOptions): GraphqlError {
  if (error.bareExtensions) return { message: error.message, extensions: error.bareExtensions };
  const extensions: Record<string, unknown> = { path: error.pathText, code: error.shownCode };
  if (showInternal && error.internal !== undefined) extensions.internal = error.internal;
  return { message: error.message, extensions: { ...extensions, ...error.extensions } };
}

/** A GraphQL answer that is nothing but errors. Pure. */
export function graphqlErrors(errors: readonly HasuraError[], options: RenderOptions): string {
  const shown = errors.flatMap(error => error.answer ?? [graphqlError(error, options)]);
  return JSON.stringify({ ...(errors.some(({ answer }) => answer) && { data: null }), errors: shown });
}

/** The body of the metadata API, and of whatever else is no GraphQL. Pure. */
export function metadataError(error: HasuraError, { showInternal }: RenderOptions): string {
  const { shownCode, message, internal } = error;
  return JSON.stringify({
    code: shownCode,
    error: message,
    path: error.pathText,
    ...(showInternal && internal !== undefined && { internal }),
  });
}
