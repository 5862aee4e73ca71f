/** The metadata as a whole: out, in, empty, read again, and what of it cannot be served. */
import { compact, defaultSource } from '../../definition/edit.ts';
import type { Metadata } from '../../definition/metadata.ts';
import { HasuraError } from '../../errors.ts';
import type { Inconsistency, Model } from '../../model/types.ts';
import { type CommandTable, success } from './command.ts';
import { assertNoCycle } from './roles.ts';

export const wholeCommands: CommandTable = {
  export_metadata: (_args, { staged }) => staged.metadata,
  async replace_metadata(args, { staged }) {
    const given = args.has('metadata') ? args.required<Metadata>('metadata') : (args.value as Metadata);
    if (!Array.isArray(given?.sources))
      throw new HasuraError('parse-failed', 'parsing Metadata failed, key "sources" not found', {
        path: ['args'],
      });
    assertNoCycle(given.inherited_roles ?? []);
    staged.stage({ ...given, version: 3 });
    await staged.refresh();
    return success;
  },
  async clear_metadata(_args, { staged }) {
    const kept = staged.metadata.sources.filter(({ name }) => name === defaultSource);
    const sources = kept.map(({ name, kind, configuration }) => ({ name, kind, tables: [], configuration }));
    staged.stage({ version: 3, sources });
    await staged.refresh();
    return success;
  },
  async reload_metadata(_args, { staged }) {
    await staged.refresh();
    return { ...success, ...consistencyOf(staged.model) };
  },
  get_inconsistent_metadata: (_args, { staged }) => consistencyOf(staged.model),
};

function consistencyOf({ inconsistencies }: Model) {
  const shown = inconsistencies.map(({ type, name, reason, definition }: Inconsistency) =>
    compact({ type, name, reason, definition }),
  );
  return { is_consistent: shown.length === 0, inconsistent_objects: shown };
}
