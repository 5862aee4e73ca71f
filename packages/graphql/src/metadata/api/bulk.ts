/** Several commands as one request. */
import { HasuraError } from '../../errors.ts';
import {
  type Args,
  type Command,
  type CommandRequest,
  type CommandTable,
  kindOf,
  success,
} from './command.ts';

/** One after the other: what one refuses undoes those before it. */
const bulk: Command = async (args, { run }) => {
  const results: unknown[] = [];
  for (const [i, request] of requestsOf(args).entries()) {
    try {
      results.push(await run(request));
    } catch (error) {
      throw error instanceof HasuraError ? error.within(['args', i]) : error;
    }
  }
  return results;
};

export const bulkCommands: CommandTable = {
  bulk,
  async bulk_atomic(args, context) {
    await bulk(args, context, 1);
    return success;
  },
  /** What is refused is told in its place, and the others stay. */
  async bulk_keep_going(args, { run, staged }) {
    const results: unknown[] = [];
    for (const [i, request] of requestsOf(args).entries()) {
      const undo = staged.mark();
      try {
        results.push(await run(request));
      } catch (error) {
        if (!(error instanceof HasuraError)) throw error;
        undo();
        const { pathText, message, code, internal } = error.within(['args', i]);
        results.push({ path: pathText, error: message, code, ...(internal !== undefined && { internal }) });
      }
    }
    return results;
  },
  /** At the same time, so nothing that changes anything. */
  async concurrent_bulk(args, { run }) {
    const requests = requestsOf(args);
    if (!requests.every(isConcurrent))
      throw new HasuraError('unexpected', 'Only read-only queries are allowed in a concurrent_bulk');
    return await Promise.all(requests.map(run));
  },
};

/** Rows may change meanwhile; tables must not. */
function isConcurrent({ type, args }: CommandRequest): boolean {
  if (/^(?:pg_)?run_sql$/.test(type))
    return (args as { readonly read_only?: unknown } | null)?.read_only === true;
  return ['select', 'insert', 'update', 'delete', 'count'].includes(type);
}

function requestsOf({ value }: Args): readonly CommandRequest[] {
  if (!Array.isArray(value))
    throw new HasuraError(
      'parse-failed',
      `parsing [] failed, expected Array, but encountered ${kindOf(value)}`,
      { path: ['args'] },
    );
  return value;
}
