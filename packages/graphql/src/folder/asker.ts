import { FolderError } from './sections.ts';

/** Runs one command of a metadata API. @throws {FolderError} with a line for the user */
export type Ask = (type: string, args: unknown, version?: number) => Promise<unknown>;

/** Asks a server's metadata API. Its refusals become lines. */
export function asker(endpoint: string, secret: string | undefined): Ask {
  return async (type, args, version) => {
    let text: string;
    let status: number;
    try {
      const response = await fetch(new URL('/v1/metadata', endpoint), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(secret && { 'x-hasura-admin-secret': secret }),
        },
        body: JSON.stringify({ type, args, ...(version !== undefined && { version }) }),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      const { cause, message } = error as Error;
      throw new FolderError(
        `${endpoint} does not answer (${(cause as Error | undefined)?.message || message}): start the server, or name it by --endpoint.`,
        { cause: error },
      );
    }
    let body: Readonly<Record<string, unknown>>;
    try {
      body = JSON.parse(text) as typeof body;
    } catch (error) {
      throw new FolderError(`${endpoint} answers ${status} and no JSON: is it a GraphQL server?`, {
        cause: error,
      });
    }
    if (status === 200) return body;
    const internal = Array.isArray(body.internal)
      ? (body.internal as readonly { reason?: string; name?: string }[])
      : [];
    const reasons = internal.map(({ name, reason }) => `\n  ${name}: ${reason}`);
    const hint = body.code === 'access-denied' ? ' Set HASURA_GRAPHQL_ADMIN_SECRET.' : '';
    throw new FolderError(`${type}: ${String(body.error)} (${String(body.path)}).${hint}${reasons.join('')}`);
  };
}
