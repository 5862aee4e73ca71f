/** Inherited roles. */
import { compact } from '../../definition/edit.ts';
import type { InheritedRole, Metadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { type CommandTable, success } from './command.ts';

export const roleCommands: CommandTable = {
  add_inherited_role(args, { staged }) {
    const name = args.text('role_name');
    const set = args.required<readonly string[]>('role_set');
    if (set.includes(name))
      throw new HasuraError('invalid-params', 'an inherited role name cannot be in the role combination', {
        path: ['args'],
      });
    const others = (staged.metadata.inherited_roles ?? []).filter(each => each.role_name !== name);
    const roles = [...others, { role_name: name, role_set: set }];
    assertNoCycle(roles);
    staged.stage({ ...staged.metadata, inherited_roles: roles });
    return success;
  },
  drop_inherited_role(args, { staged }) {
    const name = args.text('role_name');
    const roles = staged.metadata.inherited_roles ?? [];
    if (!roles.some(each => each.role_name === name))
      throw new HasuraError('not-exists', `inherited role "${name}" doesn't exist`, { path: ['args'] });
    const rest = roles.filter(each => each.role_name !== name);
    staged.stage(
      compact({ ...staged.metadata, inherited_roles: rest.length > 0 ? rest : undefined } as Metadata),
    );
    return success;
  },
};

/** @throws {HasuraError} for roles that inherit themselves */
export function assertNoCycle(roles: readonly InheritedRole[]): void {
  const parents = new Map(roles.map(each => [each.role_name, each.role_set]));
  const done = new Set<string>();
  const walk = (name: string, open: readonly string[]): void => {
    const at = open.indexOf(name);
    if (at >= 0) {
      const cycle = [...open.slice(at), name];
      throw new HasuraError('cyclic-dependency', `found cycle(s) in roles: ${JSON.stringify(cycle)}`);
    }
    if (done.has(name)) return;
    for (const parent of parents.get(name) ?? []) walk(parent, [...open, name]);
    done.add(name);
  };
  for (const { role_name: name } of roles) walk(name, []);
}
