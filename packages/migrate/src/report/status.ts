import type { MigrationStatus } from '../plan/index.ts';
import { type Revision, revisionTypeText } from '../revisions/index.ts';
import { compact, fileJson } from './apply.ts';

/** As Atlas tells it. Pure. */
export function renderStatus(status: MigrationStatus): string {
  const { state, current, next, fromCheckpoint, applied, pending, outOfOrder, partly, error } = status;
  const left = partly && partly.total > 0 ? partly : null;
  const late =
    outOfOrder.length === 0 ? '' : ` (${pending.length > 0 ? `${outOfOrder.length} ` : ''}out of order)`;
  const lines = [
    `Migration Status: ${state}`,
    `  -- Current Version: ${current}${left ? ` (${left.done} statements applied)` : ''}`,
    `  -- Next Version:    ${next === '' ? 'UNKNOWN' : next}${fromCheckpoint ? ' (checkpoint)' : ''}${left ? ` (${left.total - left.done} statements left)` : ''}`,
    `  -- Executed Files:  ${applied.length}${left ? ' (last one partially)' : ''}`,
    `  -- Pending Files:   ${pending.length + outOfOrder.length}${late}`,
  ];
  if (left)
    lines.push(
      '',
      'Last migration attempt had errors:',
      `  -- SQL:   ${left.statement}`,
      `  -- ERROR: ${error}`,
    );
  else if (outOfOrder.length > 0) lines.push('', `  ERROR: ${error}`);
  return `${lines.join('\n')}\n`;
}

/** As Atlas' `{{ json . }}`. Pure. */
export function statusJson(env: object, status: MigrationStatus): object {
  const { available, outOfOrder, pending, applied, current, next, partly, state, error } = status;
  return {
    Env: env,
    ...compact({
      Available: available.map(fileJson),
      OutOfOrder: outOfOrder.map(fileJson),
      Pending: pending.map(fileJson),
      Applied: applied.map(revisionJson),
      Current: current,
      Next: next,
      Count: partly?.done,
      Total: partly?.total,
      Status: state,
      Error: error,
      SQL: partly?.statement,
    }),
  };
}

function revisionJson(revision: Revision): object {
  const { version, description, type, applied, total, executedAt, executionMs, error, errorStatement } =
    revision;
  return {
    Version: version,
    Description: description,
    Type: revisionTypeText(type),
    Applied: applied,
    Total: total,
    ExecutedAt: executedAt.toISOString(),
    ExecutionTime: Math.round(executionMs * 1e6),
    ...compact({ Error: error, ErrorStmt: errorStatement }),
    OperatorVersion: revision.operatorVersion,
  };
}

/**
 * The connection as Atlas' reports show it, without its password. Pure.
 * @param dir as it was named
 */
export function envJson(address: string, dir: string): object {
  if (!URL.canParse(address)) return { Driver: 'postgres', Dir: dir };
  const url = new URL(address);
  for (const name of ['password', 'sslpassword']) url.searchParams.delete(name);
  return {
    Driver: 'postgres',
    URL: {
      Scheme: url.protocol.replace(/:$/, ''),
      Opaque: '',
      User: {},
      Host: url.host,
      Path: url.pathname,
      Fragment: '',
      RawQuery: url.search.replace(/^\?/, ''),
      RawPath: '',
      RawFragment: '',
      ForceQuery: false,
      OmitHost: false,
      Schema: url.searchParams.get('search_path') ?? '',
    },
    Dir: dir,
  };
}
