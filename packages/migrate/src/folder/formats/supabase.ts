import { basename, dirname } from 'node:path';
import { supabaseHistory } from '../../revisions/index.ts';
import { filesOf, newFile, placeBeside, sqlNames } from './flat.ts';
import type { FolderContent, Format, SetAside } from './format.ts';
import { ownAsCaller } from './ownAsCaller.ts';

/** @see https://supabase.com/docs/guides/deployment/database-migrations */
export const supabase: Format = {
  name: 'supabase',
  isOf: async path => basename(path) === 'migrations' && basename(dirname(path)) === 'supabase',
  read,
  newFiles: migration => [newFile(migration)],
  isFlat: true,
  isByDatabase: false,
  hasSums: false,
  isNumbered: false,
  isLinear: false,
  keepsApplied: true,
  ignoresOrder: false,
  hasTxModes: false,
  passesTransactions: true,
  firstMayStandAlone: true,
  cutBy: 'postgres',
  asSent: ownAsCaller,
  placeOfDown: placeBeside,
  squashedBy: 'supabase migration squash',
  history: () => supabaseHistory,
  lender: null,
};

/** As its CLI takes them: a number, a name. The first one of an age in which that held the CLI's own schema is passed over. */
async function read(path: string): Promise<FolderContent> {
  const names = await sqlNames(path);
  const setAside = names.flatMap((name, index): readonly SetAside[] => {
    const [, version] = /^(\d+)_.*\.sql$/.exec(name) ?? [];
    if (version === undefined)
      return [{ name, reason: 'its name is not NUMBER_NAME.sql, which the Supabase CLI passes over' }];
    const old = index === 0 && /^\d{14}_init\.sql$/.test(name) && Number(version) < 20211209000000;
    return old ? [{ name, reason: 'it is the schema that early versions of the Supabase CLI wrote' }] : [];
  });
  const passed = new Set(setAside.map(({ name }) => name));
  return {
    files: await filesOf(
      path,
      names.filter(name => !passed.has(name)),
    ),
    setAside,
  };
}
