/** Databases. */
import { sourceIn } from '../../definition/edit.ts';
import type { Source, SourceConfiguration, SourceCustomization } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import { type CommandTable, success } from './command.ts';
import { assertConsistent } from './consistency.ts';

export const sourceCommands: CommandTable = {
  async pg_add_source(args, { staged }) {
    const name = args.text('name');
    const replaces = args.flag('replace_configuration');
    const known = staged.metadata.sources.find(each => each.name === name);
    if (known && !replaces)
      throw new HasuraError('already-exists', `source with name "${name}" already exists`, {
        path: ['args'],
      });
    const customization = args.optional<SourceCustomization>('customization');
    const source: Source = {
      ...(known ?? { name, kind: 'postgres', tables: [] }),
      configuration: args.required<SourceConfiguration>('configuration'),
      ...(customization !== undefined && { customization }),
    };
    staged.stage({
      ...staged.metadata,
      sources: [...staged.metadata.sources.filter(each => each.name !== name), source],
    });
    await staged.refresh(name);
    assertConsistent(staged.model, { kind: 'source', source: name });
    return success;
  },
  async pg_drop_source(args, { staged }) {
    const name = args.text('name');
    if (!staged.metadata.sources.some(each => each.name === name))
      throw new HasuraError('not-exists', `source with name "${name}" does not exist`, { path: ['args'] });
    staged.stage({ ...staged.metadata, sources: staged.metadata.sources.filter(each => each.name !== name) });
    await staged.refresh();
    return success;
  },
  async rename_source(args, { staged }) {
    const name = args.text('name');
    const newName = args.text('new_name');
    const source = sourceIn(staged.metadata, name);
    if (newName !== name && staged.metadata.sources.some(each => each.name === newName))
      throw new HasuraError('already-exists', `source with name "${newName}" already exists`, {
        path: ['args'],
      });
    staged.stage({
      ...staged.metadata,
      sources: staged.metadata.sources.map(each => (each === source ? { ...source, name: newName } : each)),
    });
    await staged.refresh();
    return success;
  },
  pg_update_source(args, { staged }) {
    const name = args.text('name');
    const source = sourceIn(staged.metadata, name);
    const customization = args.optional<SourceCustomization>('customization') ?? source.customization;
    const configuration = args.optional<SourceConfiguration>('configuration') ?? source.configuration;
    const next: Source = { ...source, configuration, ...(customization !== undefined && { customization }) };
    staged.stage({
      ...staged.metadata,
      sources: staged.metadata.sources.map(each => (each.name === name ? next : each)),
    });
    return success;
  },
};
