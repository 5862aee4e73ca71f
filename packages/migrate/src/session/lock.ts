import { setTimeout as pause } from 'node:timers/promises';
import { MigrateError } from '../errors.ts';
import { type Ask, rowsOf } from '../revisions/index.ts';

/** Atlas' own: FNV-1, 32 bits, of `atlas_migrate_execute`. */
const key = 2686470616;

const firstPauseMs = 25;
const longestPauseMs = 1000;

/**
 * Waits until nobody else migrates this database, be it Atlas. Asks again and again, as Atlas does: a session that waited
 * inside of a statement would be in the way of CREATE INDEX CONCURRENTLY.
 * @throws {MigrateError} `locked` when others still do after `timeoutMs`.
 */
export async function takeLock(ask: Ask, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + timeoutMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const [[taken] = []] = await rowsOf(ask, `select pg_catalog.pg_try_advisory_lock(${key})`);
    if (taken === 't') return;
    if (performance.now() > until) throw await lockedError(ask, timeoutMs);
    await pause(pauseMs * (1 + Math.random()), undefined, { signal });
  }
}

async function lockedError(ask: Ask, timeoutMs: number): Promise<MigrateError> {
  const [holder] = await rowsOf(
    ask,
    `select a.pid, a.application_name, a.usename from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = ${key} and l.objsubid = 1
       and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())`,
  );
  const who = holder ? ` Session ${holder[0]} has it${nameOf(holder)}.` : '';
  return new MigrateError(
    'locked',
    `acquiring database lock: somebody else migrates this database, and still did after ${timeoutMs / 1000} s.${who}`,
    'Wait until that is done, or wait longer: --lock-timeout 5m',
  );
}

function nameOf([, application, user]: readonly (string | null)[]): string {
  const names = [application, user].filter(name => name);
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}

/** Says who else holds what a session waits for, or nothing. */
export async function blockersOf(ask: Ask, pid: number): Promise<string> {
  const rows = await rowsOf(
    ask,
    `select pid, usename, application_name, state, pg_catalog.date_part('epoch', pg_catalog.now() - xact_start)::int8
     from pg_catalog.pg_stat_activity where pid = any (pg_catalog.pg_blocking_pids(${pid})) order by xact_start limit 3`,
  );
  return rows
    .map(([blocker, user, application, state, seconds]) => {
      const name = [user, application].filter(part => part).join(', ');
      return `session ${blocker} (${name}${state ? `, ${state}` : ''}${seconds ? `, for ${seconds} s` : ''})`;
    })
    .join(', ');
}
