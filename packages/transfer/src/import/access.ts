/** Who may do what, and whose things are: roles, owners, privileges. Pure. */

import { schemasWith } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { Act } from './administrator/index.ts';
import type { Command, DefaultPrivileges, Privileges } from './command.ts';
import { aside, type Decision, leave } from './decision.ts';
import type { ImportFilter } from './filter.ts';
import { readNames, showName } from './names.ts';
import type { Note } from './notes.ts';
import { Roles } from './roles.ts';
import { isVerifier } from './verifier.ts';

/** The APIs’ login. */
const API_LOGIN = 'db_authenticator';

/** What changes hands with a dump; all other kinds are the database’s or the server’s. */
const OWNED: ReadonlySet<string> = new Set([
  ...['schema', 'table', 'foreign table', 'view', 'materialized view', 'sequence', 'statistics'],
  ...['function', 'procedure', 'routine', 'aggregate', 'type', 'domain', 'collation', 'conversion'],
  ...['operator class', 'operator family', 'text search dictionary', 'text search configuration'],
]);

export class AccessDecider {
  readonly #filter: ImportFilter;
  readonly #roles: Roles;

  constructor(filter: ImportFilter) {
    this.#filter = filter;
    this.#roles = new Roles(filter.world, filter.survey.roles);
  }

  createRole(name: string): Decision {
    if (!this.#roles.isNew(name)) return leave;
    return { do: 'administer', made: 'role', acts: [{ kind: 'make role', role: name }] };
  }

  alterRole(name: string, options: string): Decision {
    if (!this.#roles.isNew(name)) return leave;
    const refused = ['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS'].filter(option =>
      new RegExp(String.raw`(?:^|\s)${option}(?:\s|$)`, 'i').test(options),
    );
    const limit = /connection\s+limit\s+(-?\d{1,9})(?!\d)/i.exec(options)?.[1];
    const password = /(?:^|\s)password\s+'((?:[^']|'')*)'/i.exec(options)?.[1];
    // Only what the server itself would store: no password in clear text goes through a log.
    const verifier = password !== undefined && isVerifier(password) ? password : null;
    const without = [...refused, ...(password !== undefined && verifier === null ? ['its password'] : [])];
    const remedies = [
      ...(refused.length > 0
        ? [
            `Where it shall have that: peakstone sql --superuser 'alter role ${id(name)} ${refused.join(' ').toLowerCase()}'`,
          ]
        : []),
      ...(without.length > refused.length
        ? [
            `Its password is neither a SCRAM verifier nor an MD5 hash, as pg_dumpall writes them: give it one (\\password in psql).`,
          ]
        : []),
    ];
    return {
      do: 'administer',
      acts: [
        {
          kind: 'alter role',
          role: name,
          attributes: {
            login: /(?:^|\s)login(?:\s|$)/i.test(options),
            inherit: !/(?:^|\s)noinherit(?:\s|$)/i.test(options),
            connectionLimit: limit === undefined ? null : Number(limit),
            verifier,
          },
        },
      ],
      ...(without.length > 0 && {
        note: {
          kind: 'changed',
          what: 'role',
          name,
          why: `made without ${without.join(', ')}`,
          remedy: remedies.join(' '),
        },
      }),
    };
  }

  roleSetting({ name, setting, text }: Extract<Command, { kind: 'role setting' }>): Decision {
    if (!this.#roles.isNew(name)) return leave;
    if (!this.#filter.world.settings.includes(setting))
      return aside('setting', `${name}: ${setting}`, 'only the administrator may give it');
    const values = text.match(/E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'/g);
    if (values === null) return aside('setting', `${name}: ${setting}`, 'its value cannot be read');
    // Said as the role itself, so that the server sees to it that it gets no more than it may give itself.
    return {
      do: 'run',
      text: `set role ${id(name)}; alter role ${id(name)} set ${id(setting)} to ${values.join(', ')}; reset role`,
    };
  }

  membership({ roles, members, options }: Extract<Command, { kind: 'membership' }>): Decision {
    // The platform's own memberships are the stack's to say.
    const isOurs = (name: string): boolean => !this.#roles.isNew(name);
    if (roles.every(isOurs) && members.every(isOurs)) return leave;
    const granted = roles.flatMap(role => this.#grantable(role));
    const given = members.flatMap(member => this.#grantee(member));
    if (granted.length < roles.length || given.length < members.length)
      return aside(
        'membership',
        `${members.join(', ')} in ${roles.join(', ')}`,
        'only the dump’s own roles and those of requests are given to one another',
        'Where it shall be so: peakstone sql --superuser',
      );
    const inherits = !/inherit\s+false/i.test(options);
    const acts = given
      // Whoever owns everything is a member of each role since it was made.
      .filter(member => member !== this.#filter.world.owner)
      .flatMap(member =>
        granted
          .filter(role => !isOurs(role) || !isOurs(member))
          .map(
            (role): Act => ({ kind: 'grant role', role, member, inherits: member !== API_LOGIN && inherits }),
          ),
      );
    return acts.length === 0 ? leave : { do: 'administer', acts, made: 'membership' };
  }

  /** A role that the administrator gives to others because a dump says so; none for any other. */
  #grantable(name: string): readonly string[] {
    return this.#roles.isNew(name) || this.#roles.isOfRequests(name) ? [name] : [];
  }

  /** Also the APIs’ login, which takes on a role for a request and has nothing of it without. */
  #grantee(name: string): readonly string[] {
    const role = this.#roles.resolve(name);
    if (role.kind === 'role' && (role.name === this.#filter.world.owner || role.name === API_LOGIN))
      return [role.name];
    return this.#grantable(name);
  }

  /** Said by the owner of everything and never by the administrator, so that the server itself keeps what is others’. */
  owner({ what, object, named, role }: Extract<Command, { kind: 'owner' }>): Decision {
    const { world, survey } = this.#filter;
    if (what === 'large object' || what === 'event trigger') return leave;
    const isSchema = what === 'schema';
    const schema = isSchema ? object.name : object.schema;
    if (!this.#roles.isNew(role)) {
      const isLeft = isSchema ? this.#filter.isOwnSchema(schema) : this.#filter.isLeft(object);
      if (isLeft || role === world.owner) return leave;
      return {
        do: 'leave',
        note: {
          kind: 'changed',
          what: 'owner',
          name: role,
          why: `what it owned belongs to ${world.owner}, which owns the stack’s schemas and is no superuser`,
        },
      };
    }
    const refuse = (why: string): Decision => aside('owner', `${role} of ${what} ${showName(object)}`, why);
    if (!OWNED.has(what)) return refuse('things of this kind keep the owner that they have here');
    if (this.#filter.isStacks(schema) || world.foreignSchemas.includes(schema))
      return refuse('it is in a schema of the stack’s, where nothing changes hands');
    if (isSchema) {
      if (this.#filter.isOwnSchema(schema)) return refuse('it was here before');
      return { do: 'run', text: `alter schema ${id(schema)} owner to ${id(role)}` };
    }
    if (this.#filter.isLeft(object)) return leave;
    const isMade = survey.created.has(showName(object)) && !(showName(object) in world.relations);
    if (!isMade || schema === '' || schema.startsWith('pg_')) return refuse('it is not of this dump');
    const alter = `alter ${what} ${named} owner to ${id(role)};`;
    // The server asks that the new owner may make things there, if only for this moment.
    return {
      do: 'run',
      text: `do ${literal(`begin
  if pg_catalog.has_schema_privilege(${literal(role)}, ${literal(schema)}, 'create') then
    ${alter}
  else
    grant create on schema ${id(schema)} to ${id(role)};
    ${alter}
    revoke create on schema ${id(schema)} from ${id(role)};
  end if;
end`)}`,
    };
  }

  privileges(command: Privileges): Decision {
    const { what, object, named, verb, privileges, option } = command;
    if (what === 'schema') return this.#schemaPrivileges(command);
    if (what === 'language') return this.#languagePrivileges(command);
    if (what === 'database' || what === 'parameter' || what === 'tablespace') return leave;
    if (this.#filter.isLeft(object)) return leave;
    const isObject = what !== 'large object';
    // What an extension brought is given to everybody already, and not the owner's to give.
    if (isObject && !this.#filter.isThere(object)) return leave;
    const roles = this.#rolesFor(command.roles);
    if (roles === '') return this.#noRole(command.roles, what, showName(object));
    const preposition = verb === 'grant' ? 'to' : 'from';
    return {
      do: 'run',
      text: `${verb} ${privileges} on ${what} ${named} ${preposition} ${roles}${verb === 'grant' ? option : ''}`,
      made: 'privilege',
    };
  }

  /** A language is the administrator's, and what a dump takes from everybody opens nothing by its absence but code. */
  #languagePrivileges({ object: { name }, verb, privileges, roles: given }: Privileges): Decision {
    const roles = this.#rolesFor(given);
    if (roles === '') return leave;
    const text = `${verb} ${privileges.toLowerCase()} on language ${id(name)} ${verb === 'grant' ? 'to' : 'from'} ${roles}`;
    return aside(
      'privileges of a language',
      `${verb} on ${name}`,
      'only the administrator may give and take them',
      `Where it shall be so: peakstone sql --superuser '${text}'`,
    );
  }

  #schemaPrivileges({ object: { name }, verb, privileges, roles: given }: Privileges): Decision {
    if (this.#filter.leftSchema(name) !== null) return leave;
    const roles = this.#rolesFor(given);
    if (roles === '') return leave;
    const preposition = verb === 'grant' ? 'to' : 'from';
    const text = `${verb} ${privileges.toLowerCase()} on schema ${id(name)} ${preposition} ${roles}`;
    if (!this.#filter.world.foreignSchemas.includes(name)) return { do: 'run', text };
    if (!schemasWith('shared').includes(name))
      return aside(
        'privileges of a schema',
        `${verb} on ${name}`,
        'it was here before, and is neither the application’s nor one of the stack’s that others use',
        `Where it shall be so: peakstone sql --superuser '${text}'`,
      );
    // Of the stack's own, roles that are new here get no more than the use.
    const strangers = given.filter(role => this.#roles.isNew(role));
    if (verb === 'revoke' || strangers.length === 0) return leave;
    return { do: 'administer', acts: strangers.map(role => ({ kind: 'grant use', schema: name, role })) };
  }

  /** Roles as they are called here, without the owner, which needs none; empty when none is left. */
  #rolesFor(names: readonly string[]): string {
    const list = names.map(name => this.#roles.resolve(name));
    const there = list.flatMap(role => {
      if (role.kind === 'everybody') return ['public'];
      return role.kind === 'role' && role.name !== this.#filter.world.owner ? [id(role.name)] : [];
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
      `Bring the roles along, of which pg_dumpall --globals-only has all: peakstone import postgres globals.sql dump.sql. Or make it, and give it what it had, such as a ${what} (${object}): peakstone sql --superuser 'create role ${id(unknown)}'`,
    );
  }

  defaultPrivileges(command: DefaultPrivileges): Decision {
    const maker = this.#roles.resolve(command.maker);
    if (maker.kind !== 'role') return leave;
    // Only what the project's own migrations made counts: the platform's roles make nothing here.
    if (
      maker.name === this.#filter.world.owner &&
      command.maker !== 'postgres' &&
      command.maker !== this.#filter.world.owner
    )
      return leave;
    if (command.schema !== '' && this.#filter.leftSchema(command.schema) !== null) return leave;
    const roles = this.#rolesFor(command.roles);
    if (roles === '') return leave;
    const schema = command.schema === '' ? '' : ` in schema ${id(command.schema)}`;
    const preposition = command.verb === 'grant' ? 'to' : 'from';
    return {
      do: 'run last',
      text: `alter default privileges for role ${id(maker.name)}${schema} ${command.verb} ${command.privileges} on ${command.what} ${preposition} ${roles}`,
    };
  }

  /**
   * A policy for the roles as they are called here. Who is not here gets no rows by it. One that takes rows away is kept for
   * everybody then: whoever runs here in the place of such a role would see more than it did.
   */
  policy(command: Extract<Command, { kind: 'policy' }>, text: string): Decision {
    const { roles, rolesAt, isRestrictive, on } = command;
    const title = `${command.name} on ${showName(on)}`;
    const names = readNames(roles);
    const resolved = names.map(name => this.#roles.resolve(name));
    const missing = names.filter((_, index) => resolved[index]!.kind === 'unknown');
    const there = resolved.flatMap(role => {
      if (role.kind === 'everybody') return ['public'];
      return role.kind === 'role' ? [id(role.name)] : [];
    });
    const listed = isRestrictive && missing.length > 0 ? ['public'] : [...new Set(there)];
    const list = missing.join(', ');
    const isMissing = missing.length === 1 ? 'a role that is not here' : 'roles that are not here';
    const make = `Make it (peakstone sql --superuser 'create role ${missing.map(id)[0] ?? ''}'), and then the policy: ${text.trim()}`;
    if (roles !== '' && listed.length === 0)
      return aside(
        'policy',
        title,
        missing.length > 0 ? `it is for ${list}, ${isMissing}` : 'it is for roles of the platform’s services',
        missing.length > 0 ? make : undefined,
      );
    const note: Note | undefined =
      missing.length === 0
        ? undefined
        : {
            kind: isRestrictive ? 'warning' : 'changed',
            what: 'policy',
            name: title,
            why: isRestrictive
              ? `it takes rows from ${list}, ${isMissing}, and from everybody here, so that nobody in that place sees more`
              : `made without ${list}, ${isMissing}`,
            remedy: `When the roles are here: alter policy ${id(command.name)} on ${on.schema === '' ? '' : `${id(on.schema)}.`}${id(on.name)} to ${names.map(name => (name === 'public' ? name : id(name))).join(', ')}`,
          };
    return {
      do: 'run',
      text:
        roles === '' ? text : text.slice(0, rolesAt) + listed.join(', ') + text.slice(rolesAt + roles.length),
      made: 'policy',
      ...(note && { note }),
    };
  }
}
