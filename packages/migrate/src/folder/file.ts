import { type Directive, readDirective } from '../split/index.ts';

/** A migration as it lies in its folder. */
export interface MigrationFile {
  /** `20240101000000_init.sql` */
  readonly name: string;
  readonly bytes: Buffer;
  /** Its statements, without a byte-order mark. */
  readonly text: string;
  /** What stands before the first underscore of its name; versions sort as text. */
  readonly version: string;
  /** What follows it, without `.sql`. */
  readonly description: string;
  /** Those at its top that an empty line parts from the first statement. */
  readonly directives: readonly Directive[];
  /** What undoes it, where somebody has written that. */
  readonly down?: DownScript | null;
}

/** What undoes a migration. */
export interface DownScript {
  readonly name: string;
  readonly text: string;
  readonly directives: readonly Directive[];
}

/** Pure. @example describeFile('1_init.sql', bytes).description // 'init' */
export function describeFile(name: string, bytes: Buffer): MigrationFile {
  const stem = name.replace(/\.sql$/, '');
  const parted = stem.indexOf('_');
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  return {
    name,
    bytes,
    text,
    version: parted < 0 ? stem : stem.slice(0, parted),
    description: parted < 0 ? '' : stem.slice(parted + 1),
    directives: directivesAtTop(text),
  };
}

/** The value of the first directive of this name; null without one. Pure. */
export function directiveOf({ directives }: Pick<MigrationFile, 'directives'>, name: string): string | null {
  return directives.find(directive => directive.name === name)?.value ?? null;
}

/** An empty database begins with the last of these, others pass over them. Pure. */
export function isCheckpoint(file: Pick<MigrationFile, 'directives'>): boolean {
  return directiveOf(file, 'checkpoint') !== null;
}

function directivesAtTop(text: string): readonly Directive[] {
  const lines: string[] = [];
  let rest = text;
  while (/^(?:#|--)/.test(rest)) {
    const end = rest.indexOf('\n');
    if (end < 0) return [];
    lines.push(rest.slice(0, end).trim());
    rest = rest.slice(end + 1);
  }
  // A file of comments alone has no statement that they could be of.
  return rest === '' || /^[ \t]*\n/.test(rest) ? lines.flatMap(found) : [];
}

function found(line: string): readonly Directive[] {
  const directive = readDirective(line);
  return directive ? [directive] : [];
}
