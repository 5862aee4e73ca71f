/** Computed fields of tables. */
import { compact, sourceIn, tableIn, withTable } from '../../definition/edit.ts';
import type { ComputedFieldMetadata, TableMetadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { showTable } from '../../model/types.ts';
import { type CommandTable, success } from './command.ts';
import { assertConsistent } from './consistency.ts';
import { tableOf } from './relationships.ts';

export const computedFieldCommands: CommandTable = {
  async pg_add_computed_field(args, { staged }) {
    const { source, name: table } = tableOf(args, staged.metadata);
    const name = args.text('name');
    const definition = args.required<ComputedFieldMetadata['definition']>('definition');
    const comment = args.optional<string>('comment');
    const known = tableIn(sourceIn(staged.metadata, source), table);
    const model = staged.model.sources.get(source)?.tables.get(`${table.schema}\0${table.name}`);
    if (
      (known?.computed_fields ?? []).some(each => each.name === name) ||
      model?.columns.has(name) ||
      model?.relationships.has(name)
    )
      throw new HasuraError(
        'already-exists',
        `field with name "${name}" already exists in table "${showTable(table)}"`,
        { path: ['args'] },
      );
    const field = compact({ name, definition, comment } as ComputedFieldMetadata);
    staged.stage(
      withTable(staged.metadata, source, table, each => ({
        ...each,
        computed_fields: [...(each.computed_fields ?? []), field],
      })),
    );
    assertConsistent(staged.model, { kind: 'computedField', source, table, name });
    return success;
  },
  pg_drop_computed_field(args, { staged }) {
    const { source, name: table } = tableOf(args, staged.metadata);
    const name = args.text('name');
    staged.stage(
      withTable(staged.metadata, source, table, each => {
        const rest = (each.computed_fields ?? []).filter(field => field.name !== name);
        return compact({ ...each, computed_fields: rest.length > 0 ? rest : undefined } as TableMetadata);
      }),
    );
    return success;
  },
};
