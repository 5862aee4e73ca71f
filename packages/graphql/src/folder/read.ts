/** A metadata folder of the reference's CLI as metadata. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Metadata, Source } from '../definition/metadata.ts';
import { joinActions } from './sdl.ts';
import { FolderError, sections } from './sections.ts';
import { readYaml } from './yaml.ts';

/** @throws {FolderError} */
export function readFolder(folder: string): Metadata {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new FolderError(`${folder} is no folder: name the one that holds version.yaml.`);
  const { version } = (readYaml(folder, 'version.yaml') ?? {}) as { readonly version?: number };
  if (version !== 3)
    throw new FolderError(
      `${join(folder, 'version.yaml')} must say "version: 3"${version === undefined ? '' : `, not ${version}`}.`,
    );
  const sources = readYaml(folder, join('databases', 'databases.yaml')) ?? [];
  if (!Array.isArray(sources)) throw new FolderError('databases/databases.yaml must hold a list.');
  const graphql = join(folder, 'actions.graphql');
  const { actions, custom_types: types } = joinActions(
    existsSync(graphql) ? readFileSync(graphql, 'utf8') : '',
    readYaml(folder, 'actions.yaml'),
  );
  const rest = sections.map(([section, file]) => [section, readYaml(folder, file)] as const);
  return {
    version: 3,
    sources: sources as readonly Source[],
    ...(actions.length > 0 && { actions }),
    ...(Object.values(types).some(list => list.length > 0) && { custom_types: types }),
    ...Object.fromEntries(rest.filter(([, value]) => !isEmpty(value))),
  };
}

/** Nothing, or lists and objects of nothing. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
