/**
 * What becomes of each statement of a dump. Pure: the world as it was before, the dump as it was surveyed, and a statement
 * go in, and what to do comes out, so that a run that is taken up again decides as the one before.
 */
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { type ObjectName, showName } from './names.ts';
import type { Note } from './notes.ts';
import { ABSENT, AUTH_FUNCTIONS, LEFT_SCHEMAS, WEBHOOK } from './platform.ts';
import { type Role, Roles } from './roles.ts';
import type { DefaultPrivileges, Privileges, Said } from './said.ts';
import type { Survey } from './survey.ts';
import type { World } from './world.ts';

/** Whose database it was: a Supabase project's, or anybody's. */
export type Origin = 'supabase' | 'postgres';

export type Decision =
  /** As the owner. `made` counts it in the report. */
  | { readonly do: 'run'; readonly text: string; readonly made?: string; readonly note?: Note }
  /** As the owner, when all else is done. */
  | { readonly do: 'run last'; readonly text: string }
  /** As the administrator; the text is ours, with the dump's names in it. */
  | { readonly do: 'administer'; readonly text: string; readonly made?: string; readonly note?: Note }
  /** A session's setting, also said again when a run is taken up. */
  | { readonly do: 'set'; readonly text: string }
  | { readonly do: 'begin' | 'end' }
  /** Nothing is lost by leaving it out; `note` where it is to be told. */
  | { readonly do: 'leave'; readonly note?: Note };

export interface Case {
  readonly origin: Origin;
  readonly world: World;
  readonly survey: Survey;
}

const leave: Decision = { do: 'leave' };

/** The stack's own schemas, which no dump changes. */
const OWN_SCHEMAS: readonly string[] = ['peakstone', 'peakstone_import', 'hdb_catalog'];

export class Decider {
  readonly #origin: Origin;
  readonly #world: World;
  readonly #survey: Survey;
  readonly #roles: Roles;
  /** What was left out, so that what is said of it later is left out as well. */
  readonly #left = new Set<string>();
  readonly #absentTypes: RegExp | null;
  readonly #absentMethods: ReadonlySet<string>;

  constructor({ origin, world, survey }: Case) {
    this.#origin = origin;
    this.#world = world;
    this.#survey = survey;
    this.#roles = new Roles(world, survey.roles);
    const absent = Object.entries(survey.extensions).filter(([name]) => this.isAbsent(name));
    this.#absentTypes = typesPattern(absent);
    this.#absentMethods = new Set(absent.flatMap(([name]) => ABSENT[name]?.methods ?? []));
  }

  /** Whether the dump uses an extension that this server does not have. */
  isAbsent(extension: string): boolean {
    return !this.#world.available.includes(extension) && !(extension in this.#world.extensions);
  }

  decide(said: Said, text: string, at: string): Decision {
    switch (said.kind) {
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
        return this.#schema(said.name);
      case 'event trigger':
        return this.#eventTrigger(said.name);
      case 'create role':
        return this.#createRole(said.name);
      case 'alter role':
        return this.#roles.isNew(said.name) ? this.#alterRole(said.name, said.options) : leave;
      case 'role setting':
        return this.#roleSetting(said);
      case 'membership':
        return this.#membership(said);
      case 'owner':
        return this.#owner(said);
      case 'privileges':
        return this.#privileges(said);
      case 'default privileges':
        return this.#defaultPrivileges(said);
      case 'comment':
        return this.#comment(said.what, said.object, text);
      case 'publication':
        return this.#publication(said.name, said.isForAll, text);
      case 'publication table':
        return this.#isLeft(said.on) ? leave : { do: 'run', text, made: 'publication table' };
      case 'routine':
        return this.#routine(said.object, text);
      case 'relation':
        return this.#relation(said.what, said.object, text);
      case 'index':
        return this.#index(said, text);
      case 'trigger':
        return this.#trigger(said, text);
      case 'policy':
        if (this.#isLeft(said.on)) return leave;
        return { do: 'run', text: this.#policyFor(text, said.roles), made: 'policy' };
      case 'force row security':
        return this.#isLeft(said.on) ? leave : { do: 'run last', text };
      case 'sequence value':
        return this.#hasSequence(said.object) ? { do: 'run', text } : leave;
      case 'server':
        return aside(said.what, said.name, 'is the server’s own, and no part of a database', undefined, at);
      case 'object':
        return this.#object(said.what, said.object, said.isNew, text);
      case 'large object':
      case 'insert':
      case 'unknown':
        return { do: 'run', text };
    }
  }

  /** Rows for a table: whether they have a place, and where not, why. */
  decideRows(table: ObjectName): { readonly why: string; readonly remedy?: string } | null {
    if (this.#isLeft(table)) {
      const left = this.#leftSchema(table.schema);
      return left ?? { why: 'its table was left out' };
    }
    if (this.#isThere(table)) return null;
    return {
      why: 'there is no such table, neither in the dump nor in the database',
      ...(table.schema === 'auth' || table.schema === 'storage'
        ? { remedy: 'A dump by pg_dump of the whole database has it; the Supabase CLI’s leaves it out.' }
        : {}),
    };
  }

  #isThere(object: ObjectName): boolean {
    const name = showName(object);
    return !this.#isLeft(object) && (this.#survey.created.has(name) || name in this.#world.relations);
  }

  /** Of the platform's tables some are not there, and so not their sequences; an identity column's needs no statement of its own. */
  #hasSequence(sequence: ObjectName): boolean {
    if (this.#isLeft(sequence) || sequence.schema === 'cron') return false;
    return !['auth', 'storage'].includes(sequence.schema) || this.#isThere(sequence);
  }

  #isLeft(object: ObjectName): boolean {
    return this.#left.has(showName(object)) || this.#leftSchema(object.schema) !== null;
  }

  /** Why nothing of a schema is taken over; null where it is. */
  #leftSchema(schema: string): { readonly why: string; readonly remedy?: string } | null {
    if (OWN_SCHEMAS.includes(schema)) return { why: 'the stack’s own, which its start makes' };
    if (this.#origin === 'postgres') return schema === 'extensions' ? LEFT_SCHEMAS.extensions! : null;
    return LEFT_SCHEMAS[schema] ?? null;
  }

  #schema(name: string): Decision {
    const left = this.#leftSchema(name);
    if (left !== null) {
      if (name === 'extensions' || OWN_SCHEMAS.includes(name)) return leave;
      return aside('schema', name, left.why, left.remedy);
    }
    if (this.#world.schemas.includes(name)) return leave;
    return { do: 'run', text: `create schema if not exists ${id(name)}`, made: 'schema' };
  }

  #eventTrigger(name: string): Decision {
    if (name.startsWith('peakstone_')) return leave;
    return this.#origin === 'supabase' && PLATFORM_EVENT_TRIGGERS.has(name)
      ? aside('event trigger', name, 'Supabase’s; the stack’s own do the same')
      : aside(
          'event trigger',
          name,
          'runs as whoever changes the schema, the administrator included, so that only the administrator may want it',
          'Make it by hand: peakstone sql --superuser',
        );
  }

  #createRole(name: string): Decision {
    if (!this.#roles.isNew(name)) return leave;
    return {
      do: 'administer',
      made: 'role',
      text: `do $role$ begin
  if not exists (select from pg_catalog.pg_roles where rolname = ${literal(name)}) then create role ${id(name)}; end if;
end $role$; grant ${id(name)} to ${id(this.#world.owner)} with inherit true, set true`,
    };
  }

  #alterRole(name: string, options: string): Decision {
    const refused = ['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS'].filter(option =>
      new RegExp(String.raw`(?:^|\s)${option}(?:\s|$)`, 'i').test(options),
    );
    const kept = [
      /(?:^|\s)login(?:\s|$)/i.test(options) ? 'login' : 'nologin',
      /(?:^|\s)noinherit(?:\s|$)/i.test(options) ? 'noinherit' : 'inherit',
      ...(/connection\s+limit\s+(-?\d+)/i
        .exec(options)
        ?.slice(1)
        .map(limit => `connection limit ${limit}`) ?? []),
    ];
    // Only what the server itself would store: no password in clear text goes through a log.
    const verifier = /password\s+'((?:SCRAM-SHA-256\$|md5)[^']*)'/i.exec(options)?.[1];
    const password = verifier === undefined ? '' : ` password ${literal(verifier)}`;
    return {
      do: 'administer',
      text: `alter role ${id(name)} ${kept.join(' ')}${password}`,
      ...(refused.length > 0 && {
        note: {
          kind: 'changed',
          what: 'role',
          name,
          why: `made without ${refused.join(', ')}`,
          remedy: `Where it shall have that: peakstone sql --superuser 'alter role ${id(name)} ${refused.join(' ').toLowerCase()}'`,
        },
      }),
    };
  }

  #roleSetting({ name, setting, text }: Extract<Said, { kind: 'role setting' }>): Decision {
    if (!this.#roles.isNew(name)) return leave;
    if (!this.#world.settings.includes(setting))
      return aside('setting', `${name}: ${setting}`, 'only the administrator may give it');
    const values = text.match(/E?'(?:[^'\\]|\\.|'')*'/g);
    if (values === null) return aside('setting', `${name}: ${setting}`, 'its value cannot be read');
    return { do: 'administer', text: `alter role ${id(name)} set ${id(setting)} to ${values.join(', ')}` };
  }

  #membership({ roles, members, options }: Extract<Said, { kind: 'membership' }>): Decision {
    // The platform's own memberships are the stack's to say.
    const isOurs = (name: string): boolean => !this.#roles.isNew(name);
    if (roles.every(isOurs) && members.every(isOurs)) return leave;
    const granted = roles.map(role => this.#roles.resolve(role));
    const given = members.map(member => this.#roles.resolve(member));
    const named = (role: Role): role is Extract<Role, { kind: 'role' }> =>
      role.kind === 'role' && role.name !== this.#world.owner;
    // Membership in the owner of everything would be everything.
    if (!granted.every(named) || !given.every(role => role.kind === 'role'))
      return aside(
        'membership',
        `${members.join(', ')} in ${roles.join(', ')}`,
        'one of them is not here, or owns everything here',
      );
    const inherits = /inherit\s+false/i.test(options) ? 'false' : 'true';
    return {
      do: 'administer',
      text: given
        .filter(member => member.kind === 'role')
        .flatMap(member =>
          granted.map(
            role =>
              `grant ${id(role.name)} to ${id(member.name)} with inherit ${member.name === 'db_authenticator' ? 'false' : inherits}`,
          ),
        )
        .join('; '),
      made: 'membership',
    };
  }

  #owner({ what, object, named, role }: Extract<Said, { kind: 'owner' }>): Decision {
    if (what === 'large object' || what === 'event trigger') return leave;
    if (what === 'schema' ? this.#isOwnSchema(object.name) : this.#isLeft(object)) return leave;
    const owner = this.#roles.resolve(role);
    if (owner.kind !== 'role' || owner.name === this.#world.owner || !this.#roles.isNew(owner.name)) {
      if (owner.kind === 'role' && owner.name === role) return leave;
      return {
        do: 'leave',
        note: {
          kind: 'changed',
          what: 'owner',
          name: role,
          why: `what it owned belongs to ${this.#world.owner}, which owns the stack’s schemas and is no superuser`,
        },
      };
    }
    if (what === 'routine' || what === 'function' || what === 'procedure' || what === 'aggregate')
      if (!this.#survey.created.has(showName(object))) return leave;
    return { do: 'administer', text: `alter ${what} ${named} owner to ${id(owner.name)}` };
  }

  #isOwnSchema(name: string): boolean {
    return this.#world.schemas.includes(name) || this.#leftSchema(name) !== null;
  }

  #privileges(said: Privileges): Decision {
    const { what, object, named, verb, privileges, option } = said;
    if (what === 'schema') return this.#schemaPrivileges(said);
    if (what === 'database' || what === 'language' || what === 'parameter' || what === 'tablespace')
      return leave;
    if (this.#isLeft(object)) return leave;
    const isObject = what !== 'large object';
    // What an extension brought is given to everybody already, and not the owner's to give.
    if (isObject && !this.#isThere(object)) return leave;
    const roles = this.#rolesFor(said.roles);
    if (roles === '') return this.#noRole(said.roles, what, showName(object));
    const preposition = verb === 'grant' ? 'to' : 'from';
    return {
      do: 'run',
      text: `${verb} ${privileges} on ${what} ${named} ${preposition} ${roles}${verb === 'grant' ? option : ''}`,
      made: 'privilege',
    };
  }

  #schemaPrivileges({ object: { name }, verb, privileges, roles: given }: Privileges): Decision {
    if (this.#leftSchema(name) !== null) return leave;
    const roles = this.#rolesFor(given);
    if (roles === '') return leave;
    const preposition = verb === 'grant' ? 'to' : 'from';
    if (!this.#world.foreignSchemas.includes(name))
      return { do: 'run', text: `${verb} ${privileges} on schema ${id(name)} ${preposition} ${roles}` };
    // Of the stack's own, roles that are new here get no more than the use.
    const strangers = given.filter(role => this.#roles.isNew(role)).map(id);
    if (verb === 'revoke' || strangers.length === 0) return leave;
    return { do: 'administer', text: `grant usage on schema ${id(name)} to ${strangers.join(', ')}` };
  }

  /** Roles as they are called here, without the owner, which needs none; empty when none is left. */
  #rolesFor(names: readonly string[]): string {
    const list = names.map(name => this.#roles.resolve(name));
    const there = list.flatMap(role => {
      if (role.kind === 'everybody') return ['public'];
      return role.kind === 'role' && role.name !== this.#world.owner ? [id(role.name)] : [];
    });
    return there.join(', ');
  }

  #noRole(names: readonly string[], what: string, object: string): Decision {
    const unknown = names.find(name => this.#roles.resolve(name).kind === 'unknown');
    if (unknown === undefined) return leave;
    return aside(
      'privileges of a role',
      unknown,
      'there is no such role: a dump of one database holds none',
      `Make it, and give it what it had, such as a ${what} (${object}): peakstone sql --superuser 'create role ${id(unknown)}'`,
    );
  }

  #defaultPrivileges(said: DefaultPrivileges): Decision {
    const maker = this.#roles.resolve(said.maker);
    if (maker.kind !== 'role') return leave;
    // Only what the project's own migrations made counts: the platform's roles make nothing here.
    if (maker.name === this.#world.owner && said.maker !== 'postgres' && said.maker !== this.#world.owner)
      return leave;
    if (said.schema !== '' && this.#leftSchema(said.schema) !== null) return leave;
    const roles = this.#rolesFor(said.roles);
    if (roles === '') return leave;
    const schema = said.schema === '' ? '' : ` in schema ${id(said.schema)}`;
    const preposition = said.verb === 'grant' ? 'to' : 'from';
    return {
      do: 'run last',
      text: `alter default privileges for role ${id(maker.name)}${schema} ${said.verb} ${said.privileges} on ${said.what} ${preposition} ${roles}`,
    };
  }

  #comment(what: string, object: ObjectName, text: string): Decision {
    if (what === 'extension' || what === 'database' || what === 'role' || what === 'event trigger')
      return leave;
    if (what === 'schema') return this.#isOwnSchema(object.name) ? leave : { do: 'run', text };
    return this.#isLeft(object) ? leave : { do: 'run', text };
  }

  #publication(name: string, isForAll: boolean, text: string): Decision {
    if (this.#world.publications.includes(name)) return leave;
    if (!isForAll) return { do: 'run', text, made: 'publication' };
    return { do: 'administer', text: `create publication ${id(name)} for all tables`, made: 'publication' };
  }

  #routine(object: ObjectName, text: string): Decision {
    const name = showName(object);
    if (object.schema === 'auth' && AUTH_FUNCTIONS.includes(object.name)) {
      this.#left.add(name);
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
    const left = this.#leftSchema(object.schema);
    if (left !== null)
      return OWN_SCHEMAS.includes(object.schema) ? leave : aside('function', name, left.why, left.remedy);
    if (this.#absentTypes?.test(text)) return this.#asideAbsent('function', object, text);
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
        if (name.includes('.') || this.#world.settings.includes(name.toLowerCase())) return whole;
        settings.push(name);
        return '';
      });
    return { plain: head + text.slice(body), settings };
  }

  #relation(what: string, object: ObjectName, text: string): Decision {
    const left = this.#leftSchema(object.schema);
    if (left !== null)
      return OWN_SCHEMAS.includes(object.schema)
        ? leave
        : aside(what, showName(object), left.why, left.remedy);
    if (!this.#absentTypes?.test(text)) return { do: 'run', text, made: what };
    if (what !== 'table') return this.#asideAbsent(what, object, text);
    return {
      do: 'run',
      made: what,
      text: text.replace(new RegExp(this.#absentTypes, 'gi'), 'text'),
      note: {
        kind: 'changed',
        what: 'column types',
        name: showName(object),
        why: `columns of ${this.#absentNames(text)} hold their values as text, as the extension is not part of this server`,
        remedy: 'On a server that has it: alter table … alter column … type … using …',
      },
    };
  }

  #index({ name, on, method }: Extract<Said, { kind: 'index' }>, text: string): Decision {
    if (this.#isLeft(on)) return leave;
    const opclass =
      this.#absentTypes !== null && /\b(?:vector|halfvec|sparsevec|gist_geometry)\w*_ops\b/i.test(text);
    if (!this.#absentMethods.has(method) && !opclass && !this.#absentTypes?.test(text))
      return { do: 'run', text, made: 'index' };
    this.#left.add(showName({ schema: on.schema, name }));
    return aside(
      'index',
      showName({ schema: on.schema, name }),
      'needs an extension that is not part of this server',
    );
  }

  #trigger({ name, on, routine }: Extract<Said, { kind: 'trigger' }>, text: string): Decision {
    if (this.#isLeft(on)) return leave;
    const title = `${name} on ${showName(on)}`;
    if (routine.schema === WEBHOOK.schema && routine.name === WEBHOOK.name && this.isAbsent('pg_net'))
      return aside(
        'webhook',
        title,
        'it calls out by pg_net, which is not part of this server: every write to the table would fail',
        'Call the address from the application, or listen on a channel that a trigger notifies.',
      );
    if (this.#isLeft(routine))
      return aside('trigger', title, `its function ${showName(routine)} was left out`);
    return { do: 'run', text, made: 'trigger' };
  }

  /** The same for the roles as they are called here: one that is gone may not make it everybody's. */
  #policyFor(text: string, roles: string): string {
    if (roles === '') return text;
    const names = roles.split(/\s*,\s*/);
    const mapped = names.map(name => {
      const role = this.#roles.resolve(
        name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase(),
      );
      if (role.kind === 'everybody') return 'public';
      return id(role.kind === 'role' ? role.name : this.#world.owner);
    });
    return text.replace(
      new RegExp(String.raw`(\bto\s+)${escapePattern(roles)}`, 'i'),
      (_, to: string) => `${to}${[...new Set(mapped)].join(', ')}`,
    );
  }

  #object(what: string, object: ObjectName, isNew: boolean, text: string): Decision {
    const name = showName(object);
    const left = this.#leftSchema(object.schema);
    if (left !== null)
      return isNew && !OWN_SCHEMAS.includes(object.schema) ? aside(what, name, left.why, left.remedy) : leave;
    if (this.#left.has(name)) return leave;
    if (this.#absentTypes?.test(text)) return this.#asideAbsent(what, object, text);
    return { do: 'run', text, ...(isNew && { made: what }) };
  }

  #asideAbsent(what: string, object: ObjectName, text: string): Decision {
    this.#left.add(showName(object));
    return aside(
      what,
      showName(object),
      `uses ${this.#absentNames(text)}, of an extension that is not part of this server`,
    );
  }

  #absentNames(text: string): string {
    const found = text.match(new RegExp(this.#absentTypes!, 'gi')) ?? [];
    return [...new Set(found.map(name => name.replace(/\(.*$/, '')))].join(', ');
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

function aside(what: string, name: string, why: string, remedy?: string, at?: string): Decision {
  return {
    do: 'leave',
    note: {
      kind: 'aside',
      what,
      name,
      why,
      ...(remedy !== undefined && { remedy }),
      ...(at !== undefined && { at }),
    },
  };
}

/** Matches the types of extensions that are not there, as a dump names them: with their schema. */
function typesPattern(absent: readonly (readonly [name: string, schema: string])[]): RegExp | null {
  const alternatives = absent.flatMap(([name, schema]) =>
    (ABSENT[name]?.types ?? []).map(type => String.raw`"?${escapePattern(schema)}"?\."?${type}"?`),
  );
  if (alternatives.length === 0) return null;
  return new RegExp(String.raw`(?<![\w."$])(?:${alternatives.join('|')})(?![\w"])(?:\([^)]*\))?`, 'i');
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
