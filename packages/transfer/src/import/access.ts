/** Who may do what, and whose things are: roles, owners, privileges. Pure. */
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { aside, type Decision, leave } from './decision.ts';
import { readNames, showName } from './names.ts';
import { type Role, Roles } from './roles.ts';
import type { DefaultPrivileges, Privileges, Said } from './said.ts';
import type { Scope } from './scope.ts';

export class AccessDecider {
  readonly #scope: Scope;
  readonly #roles: Roles;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#roles = new Roles(scope.world, scope.survey.roles);
  }

  createRole(name: string): Decision {
    if (!this.#roles.isNew(name)) return leave;
    return {
      do: 'administer',
      made: 'role',
      text: `do $role$ begin
  if not exists (select from pg_catalog.pg_roles where rolname = ${literal(name)}) then create role ${id(name)}; end if;
end $role$; grant ${id(name)} to ${id(this.#scope.world.owner)} with inherit true, set true`,
    };
  }

  alterRole(name: string, options: string): Decision {
    if (!this.#roles.isNew(name)) return leave;
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

  roleSetting({ name, setting, text }: Extract<Said, { kind: 'role setting' }>): Decision {
    if (!this.#roles.isNew(name)) return leave;
    if (!this.#scope.world.settings.includes(setting))
      return aside('setting', `${name}: ${setting}`, 'only the administrator may give it');
    const values = text.match(/E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'/g);
    if (values === null) return aside('setting', `${name}: ${setting}`, 'its value cannot be read');
    return { do: 'administer', text: `alter role ${id(name)} set ${id(setting)} to ${values.join(', ')}` };
  }

  membership({ roles, members, options }: Extract<Said, { kind: 'membership' }>): Decision {
    // The platform's own memberships are the stack's to say.
    const isOurs = (name: string): boolean => !this.#roles.isNew(name);
    if (roles.every(isOurs) && members.every(isOurs)) return leave;
    const granted = roles.map(role => this.#roles.resolve(role));
    const given = members.map(member => this.#roles.resolve(member));
    const named = (role: Role): role is Extract<Role, { kind: 'role' }> =>
      role.kind === 'role' && role.name !== this.#scope.world.owner;
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

  owner({ what, object, named, role }: Extract<Said, { kind: 'owner' }>): Decision {
    if (what === 'large object' || what === 'event trigger') return leave;
    // One statement, whatever stands in its parentheses.
    if (named.includes(';')) return leave;
    if (what === 'schema' ? this.#scope.isOwnSchema(object.name) : this.#scope.isLeft(object)) return leave;
    const owner = this.#roles.resolve(role);
    if (owner.kind !== 'role' || owner.name === this.#scope.world.owner || !this.#roles.isNew(owner.name)) {
      if (owner.kind === 'role' && owner.name === role) return leave;
      return {
        do: 'leave',
        note: {
          kind: 'changed',
          what: 'owner',
          name: role,
          why: `what it owned belongs to ${this.#scope.world.owner}, which owns the stack’s schemas and is no superuser`,
        },
      };
    }
    if (what === 'routine' || what === 'function' || what === 'procedure' || what === 'aggregate')
      if (!this.#scope.survey.created.has(showName(object))) return leave;
    return { do: 'administer', text: `alter ${what} ${named} owner to ${id(owner.name)}` };
  }

  privileges(said: Privileges): Decision {
    const { what, object, named, verb, privileges, option } = said;
    if (what === 'schema') return this.#schemaPrivileges(said);
    if (what === 'database' || what === 'language' || what === 'parameter' || what === 'tablespace')
      return leave;
    if (this.#scope.isLeft(object)) return leave;
    const isObject = what !== 'large object';
    // What an extension brought is given to everybody already, and not the owner's to give.
    if (isObject && !this.#scope.isThere(object)) return leave;
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
    if (this.#scope.leftSchema(name) !== null) return leave;
    const roles = this.#rolesFor(given);
    if (roles === '') return leave;
    const preposition = verb === 'grant' ? 'to' : 'from';
    if (!this.#scope.world.foreignSchemas.includes(name))
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
      return role.kind === 'role' && role.name !== this.#scope.world.owner ? [id(role.name)] : [];
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

  defaultPrivileges(said: DefaultPrivileges): Decision {
    const maker = this.#roles.resolve(said.maker);
    if (maker.kind !== 'role') return leave;
    // Only what the project's own migrations made counts: the platform's roles make nothing here.
    if (
      maker.name === this.#scope.world.owner &&
      said.maker !== 'postgres' &&
      said.maker !== this.#scope.world.owner
    )
      return leave;
    if (said.schema !== '' && this.#scope.leftSchema(said.schema) !== null) return leave;
    const roles = this.#rolesFor(said.roles);
    if (roles === '') return leave;
    const schema = said.schema === '' ? '' : ` in schema ${id(said.schema)}`;
    const preposition = said.verb === 'grant' ? 'to' : 'from';
    return {
      do: 'run last',
      text: `alter default privileges for role ${id(maker.name)}${schema} ${said.verb} ${said.privileges} on ${said.what} ${preposition} ${roles}`,
    };
  }

  /** The same for the roles as they are called here: one that is gone may not make it everybody's. */
  policyFor(text: string, roles: string): string {
    if (roles === '') return text;
    const mapped = readNames(roles).map(name => {
      const role = this.#roles.resolve(name);
      if (role.kind === 'everybody') return 'public';
      return id(role.kind === 'role' ? role.name : this.#scope.world.owner);
    });
    return text.replace(
      new RegExp(String.raw`(\bto\s+)${escapePattern(roles)}`, 'i'),
      (_, to: string) => `${to}${[...new Set(mapped)].join(', ')}`,
    );
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
