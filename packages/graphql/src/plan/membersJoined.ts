import type { ResolvedField } from '../resolve/selection.ts';

/** Members of an object that what is joined to it goes by, each once. Pure. */
export function membersJoined(fields: readonly ResolvedField[]): readonly string[] {
  const members = fields.flatMap(({ def: { means } }) => {
    if (means.kind === 'tableJoin') return means.keys.map(([member]) => member);
    return means.kind === 'remoteJoin' ? means.members : [];
  });
  return [...new Set(members)];
}
