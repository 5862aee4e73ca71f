/**
 * What a test of a backup as SQL makes of the statements that the server refused. They are said by a role with no more rights than
 * an application's owner, as a backup may hold anything: that some of them only an administrator may say is no fault of the backup.
 */

/** A statement that was refused. */
export interface Refusal {
  readonly name: string;
  readonly why: string;
  /** PostgreSQL's code; absent where it was not the server that refused. */
  readonly code?: string;
  /** What it would have made, by its name without a schema. */
  readonly makes?: string;
}

export interface Judgement {
  /** The backup's fault. */
  readonly broken: readonly Refusal[];
  /** Only an administrator may say it … */
  readonly administratorOnly: readonly Refusal[];
  /** … and it stands on what only one may make. */
  readonly standing: readonly Refusal[];
}

/** insufficient_privilege: of a function that is leakproof, or in C, of a publication of whole schemas … */
const privilege = '42501';
/** undefined_function, _table, _object, _column; invalid_schema_name: what was refused before is missing. */
const missing: readonly string[] = ['42883', '42P01', '42704', '42703', '3F000'];

/** @param refusals in their order. Pure. */
export function judgeRefusals(refusals: readonly Refusal[]): Judgement {
  const broken: Refusal[] = [];
  const administratorOnly: Refusal[] = [];
  const standing: Refusal[] = [];
  const unmade = new Set<string>();
  for (const refusal of refusals) {
    const { code = '', why, makes } = refusal;
    const standsOn = [...unmade].some(name => namesIn(why).includes(name));
    if (code !== privilege && !(missing.includes(code) && standsOn)) {
      broken.push(refusal);
      continue;
    }
    (code === privilege ? administratorOnly : standing).push(refusal);
    if (makes !== undefined) unmade.add(makes);
  }
  return { broken, administratorOnly, standing };
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
/** Names that a message holds, each without its schema. */
function namesIn(message: string): readonly string[] {
  return [...message.matchAll(new RegExp(identifier, 'g'))].flatMap(([name]) =>
    name.startsWith('"') ? [name.slice(1, -1), ...name.slice(1, -1).split('.')] : [name],
  );
}
