import { createPool } from '@peakstone/kernel/pg';
import { locateStack, superuserUrl } from '@peakstone/stack';
import { gatewayOf, runCli, startCli, stopCli } from './cli.ts';

export interface ReloadOptions {
  readonly folder: string;
  readonly portBase: number;
  /** Tables with two foreign keys each, and views, all in the schema that is served. */
  readonly relations: number;
  /** DDL statements, each of which makes the API load the whole catalog again. */
  readonly rounds: number;
  readonly clients?: number;
  readonly onRound?: (round: number, so: { requests: number; failed: number; servedMs: number }) => void;
}

export interface ReloadReport {
  readonly requests: number;
  /** Answers other than the expected ones, and connections that broke. */
  readonly failed: number;
  /** The first of those, to look into. */
  readonly firstFailure: string | null;
  /** From the DDL's commit to the first request that is answered by the new catalog, by round. */
  readonly servedMs: readonly number[];
  /** Of every request, in order of the answers. */
  readonly latenciesMs: readonly number[];
}

/** How often the new column is asked for while it is not served yet. */
const pollMs = 20;
const servedWithinMs = 60_000;

/**
 * Fills a stack with `relations` tables, and changes the schema again and again under constant requests of every kind:
 * a row by key, an embed, a call and an insert. What they ask for is always there, so that each one that fails is one
 * that the reload has failed.
 * @throws when a change is not served within a minute.
 */
export async function reloadRounds({
  folder,
  portBase,
  relations,
  rounds,
  clients = 8,
  onRound,
}: ReloadOptions): Promise<ReloadReport> {
  const stack = await startCli(folder, portBase);
  try {
    await runCli(folder, ['sql'], schemaSql(relations));
    const api = `${gatewayOf(stack.summary)}/rest/v1`;
    const token = (await runCli(folder, ['secrets', 'jwt', '--role', 'app_user', '--expires', '1d'])).trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    await untilOk(`${api}/r${relations - 1}?limit=1`, headers);
    await untilOk(`${api}/rpc/r_count`, headers);

    const latenciesMs: number[] = [];
    let failed = 0;
    let firstFailure: string | null = null;
    const fail = (what: string): void => {
      failed++;
      firstFailure ??= what;
    };
    const stop = new AbortController();
    const kinds = requestKinds(relations);
    const client = async (first: number): Promise<void> => {
      for (let n = first; !stop.signal.aborted; n++) {
        const { method, path, body, status } = kinds[n % kinds.length]!(n);
        const began = performance.now();
        try {
          const response = await fetch(`${api}${path}`, { method, headers, ...(body ? { body } : {}) });
          const text = await response.text();
          if (response.status !== status) fail(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
        } catch (error) {
          fail(`${method} ${path}: ${String((error as Error).cause ?? error)}`);
        }
        latenciesMs.push(performance.now() - began);
      }
    };
    const url = await superuserUrl(locateStack(folder), process.env);
    const pool = createPool({ url, size: 1, sharedSize: 0, parameters: { role: 'db_migrator' } });
    const running = Array.from({ length: clients }, (_, index) => client(index * 1_000_003));
    const servedMs: number[] = [];
    try {
      for (let round = 1; round <= rounds; round++) {
        await pool.script(`create table public.round_${round} (id int primary key)`);
        const began = performance.now();
        await untilOk(`${api}/round_${round}`, headers);
        servedMs.push(performance.now() - began);
        onRound?.(round, { requests: latenciesMs.length, failed, servedMs: servedMs.at(-1)! });
      }
    } finally {
      stop.abort();
      await Promise.all(running);
      await pool.close();
    }
    return { requests: latenciesMs.length, failed, firstFailure, servedMs, latenciesMs };
  } finally {
    await stopCli(stack);
  }
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly status: number;
}

function requestKinds(relations: number): readonly ((n: number) => Request)[] {
  const table = (n: number): number => (n * 7919) % relations;
  return [
    n => ({ method: 'GET', path: `/r${table(n)}?id=eq.1`, status: 200 }),
    n => ({
      method: 'GET',
      path: `/r${1 + (n % (relations - 1))}?select=id,owner:owner_id(id,name)&limit=5`,
      status: 200,
    }),
    () => ({ method: 'GET', path: '/rpc/r_count', status: 200 }),
    n => ({ method: 'POST', path: `/written`, body: JSON.stringify({ n }), status: 201 }),
  ];
}

/** Every fifth is a view. Commits every hundred, so that the lock table never fills; no column needs a table of its own. */
function schemaSql(relations: number): string {
  return `
    set synchronous_commit = off;
    set client_min_messages = warning;
    create table public.written (n bigint, at timestamptz not null default now());
    create table public.r0 (id int primary key, name varchar(40), owner_id int, parent_id int);
    insert into public.r0 (id) values (1);
    create function public.r_count() returns bigint stable language sql as 'select count(*) from public.r0';
    create procedure public.fill() language plpgsql as $fill$
    declare
      last text := 'public.r0';
    begin
      for n in 1 .. ${relations - 1} loop
        if n % 5 = 4 then
          execute format('create view public.r%s as select id, name, owner_id, parent_id from %s', n, last);
        else
          execute format('create table public.r%s (id int primary key, name varchar(40), owner_id int references %s,
            parent_id int references public.r0, at timestamptz default now(), price numeric(10,2), open boolean,
            place point, kind uuid, rank smallint)', n, last);
          last := format('public.r%s', n);
        end if;
        if n % 100 = 0 then
          commit;
        end if;
      end loop;
    end $fill$;
    call public.fill();
    drop procedure public.fill();`;
}

async function untilOk(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const until = performance.now() + servedWithinMs;
  for (;;) {
    const response = await fetch(url, { headers });
    const text = await response.text();
    if (response.ok) return;
    if (performance.now() > until) throw new Error(`${url} is not served: ${response.status} ${text}`);
    await new Promise(resolve => setTimeout(resolve, pollMs));
  }
}
