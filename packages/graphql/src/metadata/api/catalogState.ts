/** What the CLI and the console keep beside the metadata: the versions of migrations that have run, for one. */
import { HasuraError } from '../../errors.ts';
import { type CommandTable, success } from './command.ts';

export const stateCommands: CommandTable = {
  get_catalog_state: async (_args, { store }) => await store.catalogState(),
  async set_catalog_state(args, { store }) {
    const type = args.text('type');
    if (type !== 'cli' && type !== 'console')
      throw new HasuraError('parse-failed', `unexpected catalog state type: ${type}`, {
        path: ['args', 'type'],
      });
    await store.setCatalogState(type, args.required('state'));
    return success;
  },
};
