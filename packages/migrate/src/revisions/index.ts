/** What databases remember of their migrations, in the table of the tool that a folder belongs to. */
export { atlasHistory } from './atlas.ts';
export { hasuraGrants, hasuraHistory } from './hasura.ts';
export { type Ask, type History, rowsOf } from './history.ts';
export { noHistory } from './none.ts';
export { isPartial, type Revision, resumedMark, revisionType, revisionTypeText } from './revision.ts';
export { supabaseHistory } from './supabase.ts';
