/**
 * @supabase/pg-delta behind our interface, the only file that knows it. Loaded when a diff is asked for, with `pg`, through
 * which it reads.
 * @see https://github.com/supabase/pg-toolbelt/tree/main/packages/pg-delta
 */
import { createPrivilegedPool, quoteIdentifier } from '@peakstone/kernel/pg';
import type { Fact, FactBase, StableId } from '@supabase/pg-delta';
import type { Client } from 'pg';
import { MigrateError } from '../../errors.ts';
import { leaveType, refusedType } from './leftAsIs.ts';
import { ownPart } from './ownPart.ts';
import type {
  Change,
  ColumnShape,
  DiffEngine,
  Extract,
  Reading,
  Scope,
  SequenceShape,
  Structure,
  TableShape,
} from './types.ts';

const VERSION = '1.0.0-alpha.34';

/** What the plan needs besides the facts. */
interface Handle {
  readonly facts: FactBase;
  /** Of them, what is there for what hangs on it. */
  readonly references: ReadonlySet<string>;
  readonly scope: Scope;
  readonly roles: readonly string[];
}

export async function loadPgDelta(): Promise<DiffEngine> {
  const [{ extract }, { plan }, { buildFactBase, encodeId }, { default: pg }] = await Promise.all([
    import('@supabase/pg-delta/extract'),
    import('@supabase/pg-delta/plan'),
    import('@supabase/pg-delta'),
    import('pg'),
  ]);

  async function extractAll(url: string, signal?: AbortSignal): Promise<Extract> {
    const pool = new pg.Pool({
      connectionString: url,
      max: 1,
      application_name: 'peakstone diff',
      options: await sessionOptions(url),
    });
    // What a connection is lost of is what its query fails of.
    pool.on('error', () => undefined);
    pool.on('connect', client => {
      client.on('error', () => undefined);
      // With a query under way that closes the connection, which fails the query.
      signal?.addEventListener('abort', () => void (client as unknown as Client).end(), { once: true });
    });
    try {
      const { factBase } = await extract(pool);
      return { handle: factBase };
    } finally {
      await pool.end();
    }
  }

  function read(all: Extract, scope: Scope): Reading {
    const every = all.handle as FactBase;
    const roles = every.facts().flatMap(({ id }) => (id.kind === 'role' ? [id.name] : []));
    const kept = ownPart(every, scope, encodeId);
    // Owners are roles, which are not compared, and named all the same.
    const facts = buildFactBase(kept.facts, kept.edges, 'liveDb', kept.references, {
      allowDangling: ({ kind, to }) => kind === 'owner' && to.kind === 'role',
    });
    const handle: Handle = { facts, references: kept.references, scope, roles };
    return { structure: structureOf(facts), roles: usedRoles(kept), handle };
  }

  /** @throws {MigrateError} `refused` for what the library has no plan for */
  function planActions(source: Handle, desired: Handle) {
    const options = {
      assumedRoles: [...new Set([...source.roles, ...desired.roles])],
      assumedSchemas: [...desired.scope.ignoredSchemas],
    };
    const left = new Set<string>();
    for (let { facts } = desired; ; ) {
      try {
        return plan(source.facts, facts, options).actions;
      } catch (error) {
        const type = refusedType(error);
        const key = JSON.stringify(type);
        if (type === undefined || left.has(key)) throw noPlan(error);
        left.add(key);
        const without = leaveType(type, facts, source.facts, encodeId);
        facts = buildFactBase(without.facts, without.edges, 'liveDb', desired.references, {
          allowDangling: () => true,
        });
      }
    }
  }

  function planChanges(from: Reading, to: Reading): readonly Change[] {
    const source = from.handle as Handle;
    const desired = to.handle as Handle;
    const actions = planActions(source, desired);
    const names = (ids: readonly StableId[]) => ids.map(encodeId);
    const [implied] = desired.scope.impliedOwners;
    const isImplied = (sql: string) =>
      implied !== undefined && sql.endsWith(` OWNER TO ${quoteIdentifier(implied)}`);
    return actions
      .filter(({ sql }) => !isImplied(sql.trim()))
      .map(action => ({
        sql: action.sql.trim().replace(/;$/, ''),
        makes: names(action.produces),
        needs: names(action.consumes),
        destroys: names(action.destroys),
        commitsAfter: action.transactionality === 'commitBoundaryAfter',
        outside: action.transactionality === 'nonTransactional',
        loses: action.dataLoss === 'destructive',
      }));
  }

  return { name: `@supabase/pg-delta ${VERSION}`, extract: extractAll, read, plan: planChanges };
}

function noPlan(error: unknown): MigrateError {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return new MigrateError(
    'refused',
    `No plan is known for this change: ${text}`,
    'Write it by hand (peakstone migrate new NAME), apply it, and compare again: what is left is planned then.',
    error,
  );
}

/**
 * Names, event triggers, views and foreign tables of lesser roles have no say in an administrator's session. Only a
 * superuser may leave out event triggers, and servers of old know neither setting.
 */
async function sessionOptions(url: string): Promise<string> {
  const pool = createPrivilegedPool({ url, name: 'peakstone diff' });
  try {
    const { rows } = await pool.query(`select '-c ' || name || '=' || value
      from (values ('event_triggers', 'off'), ('restrict_nonsystem_relation_kind', 'view,foreign-table')) wanted (name, value)
      join pg_settings using (name) join pg_roles on rolname = current_user where context = 'user' or rolsuper`);
    return ['-c search_path=pg_catalog,pg_temp', ...rows.map(row => row[0]?.toString())].join(' ');
  } finally {
    await pool.close();
  }
}

function usedRoles({
  facts,
  edges,
}: {
  readonly facts: readonly Fact[];
  readonly edges: FactBase['edges'];
}): string[] {
  const owners = edges.flatMap(({ kind, to }) => (kind === 'owner' && to.kind === 'role' ? [to.name] : []));
  const named = facts.flatMap(({ id, payload }) => {
    if (id.kind === 'acl') return [id.grantee];
    if (id.kind === 'defaultPrivilege') return [id.role, id.grantee];
    return id.kind === 'policy' ? ((payload as { roles?: string[] }).roles ?? []) : [];
  });
  return [...new Set([...owners, ...named])].filter(
    name => name.toUpperCase() !== 'PUBLIC' && !name.startsWith('pg_'),
  );
}

interface Payloads {
  readonly table: { partitionKey: string | null; partitionBound: string | null; persistence: string };
  readonly column: {
    _position: number;
    type: string;
    notNull: boolean;
    identity: { generation: string } | null;
    generatedExpr: string | null;
  };
  readonly default: { expr: string };
  readonly sequence: { ownedBy: { schema: string; table: string; column: string } | null };
}

function structureOf(all: FactBase): Structure {
  const facts = all.facts();
  const tables = new Map<string, TableShape>();
  const sequences = new Map<string, SequenceShape>();
  const enums = new Map<string, readonly string[]>();
  const domains = new Map<string, string>();
  const defaults = new Map<string, string>();
  const parts = new Map<
    string,
    { columns: Map<string, ColumnShape>; constraints: Map<string, string>; indexes: Map<string, string> }
  >();
  const partsOf = (key: string) => {
    const found = parts.get(key) ?? { columns: new Map(), constraints: new Map(), indexes: new Map() };
    parts.set(key, found);
    return found;
  };
  for (const { id, payload } of facts)
    if (id.kind === 'default')
      defaults.set(`${id.schema}.${id.table}.${id.name}`, (payload as unknown as Payloads['default']).expr);
  for (const { id, payload, parent } of facts) {
    switch (id.kind) {
      case 'column': {
        const { _position, type, notNull, identity, generatedExpr } =
          payload as unknown as Payloads['column'];
        partsOf(`${id.schema}.${id.table}`).columns.set(id.name, {
          position: _position,
          type,
          notNull,
          identity: identity?.generation ?? null,
          generated: generatedExpr,
          default: defaults.get(`${id.schema}.${id.table}.${id.name}`) ?? null,
        });
        break;
      }
      case 'constraint':
        partsOf(`${id.schema}.${id.table}`).constraints.set(
          id.name,
          String((payload as { def?: unknown }).def),
        );
        break;
      case 'index':
        if (parent !== undefined && 'schema' in parent && 'name' in parent)
          partsOf(`${parent.schema}.${parent.name}`).indexes.set(
            id.name,
            String((payload as { def?: unknown }).def),
          );
        break;
      case 'sequence': {
        const { ownedBy } = payload as unknown as Payloads['sequence'];
        sequences.set(`${id.schema}.${id.name}`, {
          schema: id.schema,
          name: id.name,
          ownedBy: ownedBy && { table: `${ownedBy.schema}.${ownedBy.table}`, column: ownedBy.column },
        });
        break;
      }
      case 'domain':
        domains.set(`${id.schema}.${id.name}`, String((payload as { baseType?: unknown }).baseType));
        break;
      case 'type': {
        const { variant, values } = payload as { variant?: string; values?: readonly string[] };
        if (variant === 'enum') enums.set(`${id.schema}.${id.name}`, values ?? []);
        break;
      }
    }
  }
  for (const { id, payload } of facts) {
    if (id.kind !== 'table') continue;
    const key = `${id.schema}.${id.name}`;
    const { partitionKey, partitionBound, persistence } = payload as unknown as Payloads['table'];
    tables.set(key, {
      schema: id.schema,
      name: id.name,
      ...partsOf(key),
      isPartitioned: partitionKey !== null,
      isUnlogged: persistence === 'u',
      isPartition: partitionBound !== null,
    });
  }
  return { tables, sequences, enums, domains };
}
