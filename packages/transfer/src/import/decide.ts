/**
 * What becomes of each statement of a dump. Pure: the world as it was before, the dump as it was surveyed, and a statement
 * go in, and what to do comes out, so that a run that is taken up again decides as the one before.
 */
import { EXTENSIONS_SCHEMA, type Reason, schemasWith } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { AbsentExtensions } from './absent.ts';
import { AccessDecider } from './access.ts';
import { type Command, readValues } from './command.ts';
import { aside, type Decision, leave } from './decision.ts';
import { type Case, ImportFilter } from './filter.ts';
import { type ObjectName, showName } from './names.ts';
import { AUTH_FUNCTIONS, OWN_TABLES, WEBHOOK } from './platform.ts';

export class Decider {
  readonly #filter: ImportFilter;
  readonly #access: AccessDecider;
  readonly #absent: AbsentExtensions;

  constructor(dump: Case) {
    this.#filter = new ImportFilter(dump);
    this.#access = new AccessDecider(this.#filter);
    this.#absent = new AbsentExtensions(
      Object.entries(dump.survey.extensions).filter(([name]) => this.#filter.isAbsent(name)),
    );
  }

  decide(command: Command, text: string, at: string): Decision {
    switch (command.kind) {
      case 'setting':
      case 'drop':
        return leave;
      case 'search path':
        return { do: 'set', text };
      case 'begin':
        return { do: 'begin' };
      case 'end':
        return { do: 'end' };
      case 'extension':
        // Made before all else.
        return leave;
      case 'schema':
        return this.#schema(command.name);
      case 'event trigger':
        return this.#eventTrigger(command.name);
      case 'create role':
        return this.#access.createRole(command.name);
      case 'alter role':
        return this.#access.alterRole(command.name, command.options);
      case 'role setting':
        return this.#access.roleSetting(command);
      case 'membership':
        return this.#access.membership(command);
      case 'owner':
        return this.#access.owner(command);
      case 'privileges':
        return this.#access.privileges(command);
      case 'default privileges':
        return this.#access.defaultPrivileges(command);
      case 'comment':
        return this.#comment(command.what, command.object, text);
      case 'publication':
        return this.#publication(command.name, command.isForAll, text);
      case 'publication table':
        return this.#filter.isLeft(command.on) ? leave : { do: 'run', text, made: 'publication table' };
      case 'routine':
        return this.#routine(command.object, text);
      case 'relation':
        return this.#relation(command.what, command.object, text);
      case 'index':
        return this.#index(command, text);
      case 'trigger':
        return this.#trigger(command, text);
      case 'policy':
        if (this.#filter.isLeft(command.on)) return leave;
        return this.#access.policy(command, text);
      case 'force row security':
        return this.#filter.isLeft(command.on) ? leave : { do: 'run last', text };
      case 'sequence value':
        return this.#filter.hasSequence(command.object) ? { do: 'run', text } : leave;
      case 'server':
        // It is here already; those that are not imported are told where they begin.
        if (command.what === 'database') return leave;
        return aside(
          command.what,
          command.name,
          'is the server’s own, and no part of a database',
          undefined,
          at,
        );
      case 'database setting':
        return this.#databaseSetting(command);
      case 'user mapping':
        return aside(
          'user mapping',
          `${command.user} on ${command.server}`,
          'it logs in to another server, which is not taken over',
          'Make server and mapping by hand, when they shall be there: peakstone sql --superuser',
          at,
        );
      case 'object':
        return this.#object(command.what, command.object, command.isNew, text);
      case 'large object':
      case 'insert':
      case 'unknown':
        return { do: 'run', text };
    }
  }

  /** Rows for a table: whether they have a place, and where not, why. */
  decideRows(table: ObjectName): Reason | null {
    if (this.#filter.isLeft(table)) {
      const left = this.#filter.leftSchema(table.schema);
      const isOwn = OWN_TABLES.includes(showName(table));
      return (
        left ?? {
          why: isOwn ? 'what its services still had to do where it was dumped' : 'its table was left out',
        }
      );
    }
    if (this.#filter.isThere(table)) return null;
    return {
      why: 'there is no such table, neither in the dump nor in the database',
      ...(schemasWith('supabase').includes(table.schema)
        ? { remedy: 'A dump by pg_dump of the whole database has it; the Supabase CLI’s leaves it out.' }
        : {}),
    };
  }

  #schema(name: string): Decision {
    const left = this.#filter.leftSchema(name);
    if (left !== null) {
      if (name === EXTENSIONS_SCHEMA || this.#filter.isStacks(name)) return leave;
      return aside('schema', name, left.why, left.remedy);
    }
    if (this.#filter.world.schemas.includes(name)) return leave;
    return { do: 'run', text: `create schema if not exists ${id(name)}`, made: 'schema' };
  }

  /** The database is the administrator's. */
  #databaseSetting({ name, setting, value }: Extract<Command, { kind: 'database setting' }>): Decision {
    const { survey } = this.#filter;
    if (survey.database !== null && survey.database !== name) return leave;
    const list = readValues(value).map(literal).join(', ');
    return aside(
      'setting',
      `${setting} of the database`,
      'only the administrator may give it to the database',
      `Where it shall be so: peakstone sql --superuser "alter database … set ${setting} to ${list}"`,
    );
  }

  #eventTrigger(name: string): Decision {
    if (name.startsWith('peakstone_')) return leave;
    return this.#filter.origin === 'supabase' && PLATFORM_EVENT_TRIGGERS.has(name)
      ? aside('event trigger', name, 'Supabase’s; the stack’s own do the same')
      : aside(
          'event trigger',
          name,
          'runs as whoever changes the schema, the administrator included, so that only the administrator may want it',
          'Make it by hand: peakstone sql --superuser',
        );
  }

  #comment(what: string, object: ObjectName, text: string): Decision {
    if (what === 'extension' || what === 'database' || what === 'role' || what === 'event trigger')
      return leave;
    if (what === 'schema') return this.#filter.isOwnSchema(object.name) ? leave : { do: 'run', text };
    return this.#filter.isLeft(object) ? leave : { do: 'run', text };
  }

  #publication(name: string, isForAll: boolean, text: string): Decision {
    if (this.#filter.world.publications.includes(name)) return leave;
    if (!isForAll) return { do: 'run', text, made: 'publication' };
    const options = publicationOptions(text);
    const withOptions = options.length > 0 ? ` with (${options.join(', ')})` : '';
    return {
      do: 'run',
      text: `create publication ${id(name)}${withOptions}`,
      last: publishTables(name, this.#filter.survey.tables),
      made: 'publication',
      note: {
        kind: 'changed',
        what: 'publication',
        name,
        why: 'publishes the dump’s tables, and not all that there are: others in this database could then not be changed without a key',
        remedy: `Where it shall be all, those to come as well: peakstone sql --superuser 'drop publication ${id(name)}; create publication ${id(name)} for all tables${withOptions}'`,
      },
    };
  }

  #routine(object: ObjectName, text: string): Decision {
    const name = showName(object);
    if (object.schema === 'auth' && AUTH_FUNCTIONS.includes(object.name)) {
      this.#filter.leaveOut(object);
      return {
        do: 'leave',
        note: {
          kind: 'kept',
          what: 'function',
          name,
          why: 'the stack’s own answers for REST and GraphQL alike',
        },
      };
    }
    const left = this.#filter.leftSchema(object.schema);
    if (left !== null)
      return this.#filter.isStacks(object.schema) ? leave : aside('function', name, left.why, left.remedy);
    if (this.#absent.isUsedBy(text)) return this.#asideAbsent('function', object, text);
    const { plain, settings } = this.#withoutSettings(text);
    return {
      do: 'run',
      text: plain.replace(/^(\s*create)\s+(?:or\s+replace\s+)?/i, '$1 or replace '),
      made: 'function',
      ...(settings.length > 0 && {
        note: {
          kind: 'changed',
          what: 'function',
          name,
          why: `made without its setting of ${settings.join(', ')}, which only the administrator may give`,
        },
      }),
    };
  }

  /** A routine's head without settings that only a superuser may give it. */
  #withoutSettings(text: string): { readonly plain: string; readonly settings: readonly string[] } {
    const body = /\bAS\s+(?:\$|'|E')/i.exec(text)?.index ?? text.length;
    const settings: string[] = [];
    const head = text
      .slice(0, body)
      .replace(/\n\s+SET\s+"?([a-z_.]+)"?\s+TO\s+'[^']*'(?=\s)/gi, (whole, name: string) => {
        if (name.includes('.') || this.#filter.world.settings.includes(name.toLowerCase())) return whole;
        settings.push(name);
        return '';
      });
    return { plain: head + text.slice(body), settings };
  }

  #relation(what: string, object: ObjectName, text: string): Decision {
    const left = this.#filter.leftSchema(object.schema);
    if (left !== null)
      return this.#filter.isStacks(object.schema)
        ? leave
        : aside(what, showName(object), left.why, left.remedy);
    if (OWN_TABLES.includes(showName(object))) return leave;
    if (!this.#absent.isUsedBy(text)) return { do: 'run', text, made: what };
    if (what !== 'table') return this.#asideAbsent(what, object, text);
    return {
      do: 'run',
      made: what,
      text: this.#absent.withText(text),
      note: {
        kind: 'changed',
        what: 'column types',
        name: showName(object),
        why: `columns of ${this.#absent.namesIn(text)} hold their values as text, as the extension is not part of this server`,
        remedy: 'On a server that has it: alter table … alter column … type … using …',
      },
    };
  }

  #index({ name, on, method }: Extract<Command, { kind: 'index' }>, text: string): Decision {
    if (this.#filter.isLeft(on)) return leave;
    if (!this.#absent.isNeededForIndex(method, text)) return { do: 'run', text, made: 'index' };
    this.#filter.leaveOut({ schema: on.schema, name });
    return aside(
      'index',
      showName({ schema: on.schema, name }),
      'needs an extension that is not part of this server',
    );
  }

  #trigger({ name, on, routine }: Extract<Command, { kind: 'trigger' }>, text: string): Decision {
    if (this.#filter.isLeft(on)) return leave;
    const title = `${name} on ${showName(on)}`;
    if (routine.schema === WEBHOOK.schema && routine.name === WEBHOOK.name && this.#filter.isAbsent('pg_net'))
      return aside(
        'webhook',
        title,
        'it calls out by pg_net, which is not part of this server: every write to the table would fail',
        'Call the address from the application, or listen on a channel that a trigger notifies.',
      );
    if (this.#filter.isLeft(routine))
      return aside('trigger', title, `its function ${showName(routine)} was left out`);
    return { do: 'run', text, made: 'trigger' };
  }

  #object(what: string, object: ObjectName, isNew: boolean, text: string): Decision {
    const name = showName(object);
    const left = this.#filter.leftSchema(object.schema);
    if (left !== null)
      return isNew && !this.#filter.isStacks(object.schema)
        ? aside(what, name, left.why, left.remedy)
        : leave;
    if (this.#filter.isLeft(object)) return leave;
    if (this.#absent.isUsedBy(text)) return this.#asideAbsent(what, object, text);
    return { do: 'run', text, ...(isNew && { made: what }) };
  }

  #asideAbsent(what: string, object: ObjectName, text: string): Decision {
    this.#filter.leaveOut(object);
    return this.#absent.aside(what, object, text);
  }
}

const PLATFORM_EVENT_TRIGGERS = new Set([
  ...['issue_graphql_placeholder', 'issue_pg_cron_access', 'issue_pg_graphql_access', 'issue_pg_net_access'],
  ...[
    'pgrst_ddl_watch',
    'pgrst_drop_watch',
    'pgsodium_trg_mask_update',
    'graphql_watch_ddl',
    'graphql_watch_drop',
  ],
  ...['ensure_rls', 'api_restart'],
]);

/** When they are there: adds those of a dump's tables that are the session's own, and that can be published. Pure. */
function publishTables(publication: string, tables: readonly string[]): string {
  return `do ${literal(`declare name text; begin
    for name in select c.oid::pg_catalog.regclass::text from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where (n.nspname || '.' || c.relname = any (array[${tables.map(literal).join(', ')}]::text[])
            or c.relname = any (array[${tables.map(literal).join(', ')}]::text[]) and pg_catalog.pg_table_is_visible(c.oid))
          and c.relkind in ('r', 'p') and c.relpersistence = 'p' and pg_catalog.pg_has_role(c.relowner, 'usage')
          and not exists (select from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
            where r.prrelid = c.oid and p.pubname = ${literal(publication)})
    loop
      execute ${literal(`alter publication ${id(publication)} add table `)} || name;
    end loop;
  end`)}`;
}

/** What a publication says of itself, in our own words. Pure. @see https://www.postgresql.org/docs/17/sql-createpublication.html */
function publicationOptions(text: string): string[] {
  const kinds = /\bpublish\s*=\s*'([a-z,\s]*)'/i
    .exec(text)?.[1]
    ?.split(',')
    .map(kind => kind.trim());
  const known = kinds?.filter(kind => /^(?:insert|update|delete|truncate)$/.test(kind));
  const viaRoot = /\bpublish_via_partition_root\s*=\s*'?(true|on|1)\b/i.test(text);
  return [
    ...(known === undefined ? [] : [`publish = ${literal(known.join(', '))}`]),
    ...(viaRoot ? ['publish_via_partition_root = true'] : []),
  ];
}
