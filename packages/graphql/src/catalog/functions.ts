/** Functions as the reference reads them: unnamed arguments and every overload included, which the kernel's catalog leaves out. */
import type { CatalogReader } from './reader.ts';
import { type Scalar, scalarOf } from './scalars.ts';

export interface FunctionFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly comment: string | null;
  readonly isVariadic: boolean;
  readonly volatility: 'IMMUTABLE' | 'STABLE' | 'VOLATILE';
  readonly returns: {
    readonly schema: string;
    readonly name: string;
    readonly scalar: Scalar;
    readonly isSet: boolean;
    /** The row type of a relation. */
    readonly isTable: boolean;
    readonly isComposite: boolean;
  };
  readonly arguments: readonly FunctionArgument[];
  /** The last so many arguments may be left out. */
  readonly defaults: number;
}

export interface FunctionArgument {
  /** Null when it has none. */
  readonly name: string | null;
  readonly schema: string;
  readonly typeName: string;
  readonly scalar: Scalar;
  /** The row type of a relation, or another composite. */
  readonly isComposite: boolean;
}

type PackedArgument = readonly [
  name: string,
  type: string,
  schema: string,
  typeName: string,
  isComposite: boolean,
];

/** Names are PostgreSQL's own: the search path is set in the same exchange. */
const functionsSql = `
select json_build_array(p.oid::bigint, n.nspname, p.proname, d.description, p.provariadic <> 0,
  p.provolatile, rn.nspname, rt.typname, format_type(rt.oid, null), p.proretset,
  rc.relkind is not null and rc.relkind in ('r', 'p', 'v', 'm', 'f'), rt.typtype = 'c' or p.proargmodes && '{t,b,o}',
  coalesce((select json_agg(json_build_array(coalesce(p.proargnames[i], ''), format_type(a.oid, null), an.nspname, at.typname, at.typtype = 'c') order by i)
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a(oid, i)
    join pg_type at on at.oid = a.oid join pg_namespace an on an.oid = at.typnamespace
    where coalesce(p.proargmodes[i], 'i') in ('i', 'b', 'v')), '[]'), p.pronargdefaults)
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type rt on rt.oid = p.prorettype
join pg_namespace rn on rn.oid = rt.typnamespace
left join pg_class rc on rc.oid = rt.typrelid and rt.typrelid <> 0
left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass and d.objsubid = 0
where p.prokind = 'f' and rt.oid not in ('trigger'::regtype, 'event_trigger'::regtype)
  and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'hdb_catalog')
  and not exists (select from pg_depend x where x.classid = 'pg_proc'::regclass and x.objid = p.oid and x.deptype = 'e')
order by n.nspname collate "C", p.proname collate "C", p.oid`;

const volatilities: Readonly<Record<string, FunctionFacts['volatility']>> = {
  i: 'IMMUTABLE',
  s: 'STABLE',
  v: 'VOLATILE',
};

/** Every function of every schema that is not an extension's, by `key(schema, name)`. @throws {PgError} @throws {ConnectionError} */
export async function loadFunctions(
  pool: CatalogReader,
): Promise<ReadonlyMap<string, readonly FunctionFacts[]>> {
  const [, result] = await pool.exchange({
    begin: 'begin read only',
    statements: [
      {
        text: "select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)",
        values: [],
        prepare: false,
      },
      { text: functionsSql, values: [], prepare: false },
    ],
  });
  const functions = new Map<string, FunctionFacts[]>();
  for (const [cell] of result!.rows) {
    const facts = decodeFunction(JSON.parse(cell!.toString()));
    const id = `${facts.schema}\0${facts.name}`;
    const overloads = functions.get(id);
    if (overloads) overloads.push(facts);
    else functions.set(id, [facts]);
  }
  return functions;
}

function decodeFunction(
  row: [
    number,
    string,
    string,
    string | null,
    boolean,
    string,
    string,
    string,
    string,
    boolean,
    boolean,
    boolean | null,
    PackedArgument[],
    number,
  ],
): FunctionFacts {
  const [
    oid,
    schema,
    name,
    comment,
    isVariadic,
    volatility,
    returnSchema,
    returnName,
    returnType,
    isSet,
    isTable,
    isComposite,
    args,
    defaults,
  ] = row;
  return {
    oid,
    schema,
    name,
    comment,
    isVariadic,
    volatility: volatilities[volatility] ?? 'VOLATILE',
    returns: {
      schema: returnSchema,
      name: returnName,
      scalar: scalarOf(returnType),
      isSet,
      isTable,
      isComposite: isComposite === true,
    },
    arguments: args.map(([argument, type, typeSchema, typeName, composite]) => ({
      name: argument === '' ? null : argument,
      schema: typeSchema,
      typeName,
      scalar: scalarOf(type, composite),
      isComposite: composite,
    })),
    defaults,
  };
}
