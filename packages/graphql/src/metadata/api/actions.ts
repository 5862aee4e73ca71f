/** Actions, their permissions, and custom types. */
import { deleteCalls } from '../../actions/asyncLog.ts';
import type { ActionConf, ActionDefinition } from '../../definition/actions.ts';
import { compact } from '../../definition/edit.ts';
import type { Action, CustomTypes, Metadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { assertHeaders } from '../../webhook/environment.ts';
import { type Args, type CommandContext, type CommandTable, success } from './command.ts';
import { stageConsistently } from './consistency.ts';

function actionsOf({ staged }: CommandContext): readonly ActionConf[] {
  return (staged.metadata.actions ?? []) as unknown as readonly ActionConf[];
}

function withActions({ staged }: CommandContext, actions: readonly ActionConf[]): Metadata {
  return compact({
    ...staged.metadata,
    actions: actions.length > 0 ? (actions as unknown as readonly Action[]) : undefined,
  } as Metadata);
}

/** @throws {HasuraError} not-exists */
function actionOf(context: CommandContext, name: string): ActionConf {
  const found = actionsOf(context).find(each => each.name === name);
  if (!found)
    throw new HasuraError('not-exists', `action with name "${name}" does not exist`, { path: ['args'] });
  return found;
}

function readDefinition(args: Args): ActionDefinition {
  const definition = args.required<ActionDefinition>('definition', 'CreateAction');
  for (const member of ['handler', 'output_type'] as const)
    if (typeof definition?.[member] !== 'string')
      throw new HasuraError('parse-failed', `parsing ActionDefinition failed, key "${member}" not found`, {
        path: ['definition'],
      });
  assertHeaders(definition.headers, ['definition', 'headers']);
  if (definition.type === 'query' && definition.kind === 'asynchronous')
    throw new HasuraError('parse-failed', 'query actions cannot be asynchronous', { path: ['definition'] });
  return definition;
}

function replaced(context: CommandContext, action: ActionConf): readonly ActionConf[] {
  return actionsOf(context).map(each => (each.name === action.name ? action : each));
}

export const actionCommands: CommandTable = {
  set_custom_types(args, context) {
    const types = compact(
      Object.fromEntries(
        Object.entries((args.value ?? {}) as Record<string, unknown>).filter(
          ([, list]) => Array.isArray(list) && list.length > 0,
        ),
      ),
    ) as CustomTypes;
    const { custom_types: _, ...rest } = context.staged.metadata;
    const next = Object.keys(types).length > 0 ? { ...rest, custom_types: types } : rest;
    stageConsistently(context.staged, next, { kind: 'other', section: 'custom_types', name: '' });
    return success;
  },
  create_action(args, context) {
    const name = args.text('name');
    const definition = readDefinition(args);
    if (actionsOf(context).some(each => each.name === name))
      throw new HasuraError('already-exists', `action with name "${name}" already exists`, {
        path: ['args'],
      });
    const action = compact({ name, definition, comment: args.optional<string>('comment') }) as ActionConf;
    stageConsistently(context.staged, withActions(context, [...actionsOf(context), action]), {
      kind: 'other',
      section: 'actions',
      name,
    });
    return success;
  },
  update_action(args, context) {
    const known = actionOf(context, args.text('name'));
    const definition = readDefinition(args);
    const comment = args.optional<string>('comment') ?? known.comment ?? undefined;
    const action = compact({ ...known, definition, comment }) as ActionConf;
    stageConsistently(context.staged, withActions(context, replaced(context, action)), {
      kind: 'other',
      section: 'actions',
      name: action.name,
    });
    return success;
  },
  async drop_action(args, context) {
    const { name } = actionOf(context, args.text('name'));
    context.staged.stage(
      withActions(
        context,
        actionsOf(context).filter(each => each.name !== name),
      ),
    );
    const clears = args.optional<boolean>('clear_data') ?? true;
    if (clears && context.store.pool) await deleteCalls(context.store.pool, name);
    return success;
  },
  create_action_permission(args, context) {
    const action = actionOf(context, args.text('action'));
    const role = args.text('role');
    const known = action.permissions ?? [];
    if (known.some(each => each.role === role))
      throw new HasuraError(
        'already-exists',
        `permission for role "${role}" is already defined on "${action.name}"`,
        {
          path: ['args'],
        },
      );
    const comment = args.optional<string>('comment');
    context.staged.stage(
      withActions(
        context,
        replaced(context, {
          ...action,
          permissions: [...known, compact({ role, comment }) as { role: string }],
        }),
      ),
    );
    return success;
  },
  drop_action_permission(args, context) {
    const action = actionOf(context, args.text('action'));
    const role = args.text('role');
    const rest = (action.permissions ?? []).filter(each => each.role !== role);
    if (rest.length === (action.permissions ?? []).length)
      throw new HasuraError(
        'not-exists',
        `permission for role "${role}" is not defined on "${action.name}"`,
        {
          path: ['args'],
        },
      );
    const next = compact({ ...action, permissions: rest.length > 0 ? rest : undefined }) as ActionConf;
    context.staged.stage(withActions(context, replaced(context, next)));
    return success;
  },
};
