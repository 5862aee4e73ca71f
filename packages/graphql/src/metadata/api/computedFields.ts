/** Computed fields of tables. */
import { compact, sourceIn, tableIn, withTable } from '../../definition/edit.ts';
import { type ComputedFieldMetadata, qualify } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { stageWithout } from '../dependents.ts';
import { withoutObject } from '../purge.ts';
import { type CommandTable, success } from './command.ts';
import { stageConsistently } from './consistency.ts';
import { tableOf } from './relationships.ts';

export const computedFieldCommands: CommandTable = {
  async pg_add_computed_field(args, { staged }) {
    const { source, name: table } = tableOf(args, staged.metadata);
    const name = args.text('name');
    const given = args.required<ComputedFieldMetadata['definition']>('definition');
    const definition = { ...given, function: qualify(given.function) };
    const comment = args.optional<string>('comment');
    const field = compact({ name, definition, comment } as ComputedFieldMetadata);
    const metadata = withTable(staged.metadata, source, table, each => ({
      ...each,
      computed_fields: [...(each.computed_fields ?? []).filter(known => known.name !== name), field],
    }));
    stageConsistently(staged, metadata, { kind: 'computedField', source, table, name });
    return success;
  },
  pg_drop_computed_field(args, { staged }) {
    const { source, name: table } = tableOf(args, staged.metadata);
    const name = args.text('name');
    const known = tableIn(sourceIn(staged.metadata, source), table)?.computed_fields ?? [];
    if (!known.some(field => field.name === name))
      throw new HasuraError('not-exists', `computed field "${name}" does not exist`, {
        path: ['args', 'name'],
      });
    const object = { kind: 'computedField', source, table, name } as const;
    stageWithout(staged, withoutObject(staged.metadata, object), { cascade: args.flag('cascade') });
    return success;
  },
};
