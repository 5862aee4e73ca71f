/** Formats of folders: a row a tool. Whoever needs to know what one does asks its row. */
import { readdir } from 'node:fs/promises';
import { atlas } from './atlas.ts';
import type { FolderFormat, Format } from './format.ts';
import { hasura } from './hasura.ts';
import { supabase } from './supabase.ts';

export type { FolderFormat, Format, SetAside } from './format.ts';

export const formats: Readonly<Record<FolderFormat, Format>> = { atlas, supabase, hasura };

/** Whose folder it is, by what lies in it and where it lies; Atlas' where nothing says. */
export async function detectFormat(path: string): Promise<FolderFormat> {
  const entries = await readdir(path, { withFileTypes: true });
  for (const format of Object.values(formats)) if (await format.isOf(path, entries)) return format.name;
  return atlas.name;
}
