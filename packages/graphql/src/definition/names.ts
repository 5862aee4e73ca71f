/** Names of tables as exports write them, with their schemas. Pure. */
import { type ArrayRelationship, type ObjectRelationship, type QualifiedTable, qualify } from './metadata.ts';

/** A name that is whole stays as it is written. */
export function wholeName(given: QualifiedTable): QualifiedTable {
  return typeof given === 'object' && given.schema !== undefined ? given : qualify(given);
}

type Using = ObjectRelationship['using'] | ArrayRelationship['using'];

/** What a relationship goes by, with the name of the other table whole. */
export function wholeUsing<U extends Using>(using: U): U {
  if (using === null || typeof using !== 'object') return using;
  if ('manual_configuration' in using) {
    const { manual_configuration: manual } = using;
    if (manual?.remote_table === undefined) return using;
    return { manual_configuration: { ...manual, remote_table: wholeName(manual.remote_table) } } as U;
  }
  const on: unknown = using.foreign_key_constraint_on;
  if (on === null || typeof on !== 'object' || !('table' in on)) return using;
  return {
    foreign_key_constraint_on: { ...on, table: wholeName(on.table as QualifiedTable) },
  } as U;
}
