/** What can be said of files before anything of them runs. Pure. */
import { endsTransaction, leadingComments, leadingWords, type Piece } from '@peakstone/kernel/script';
import {
  directiveOf,
  type FolderFormat,
  formats,
  type MigrationFile,
  type MigrationFolder,
} from '../folder/index.ts';
import { type MigrationSplit, splitFile } from '../split/index.ts';
import { compareVersions } from './pending.ts';
import type { TxMode } from './txMode.ts';

/** Something about a file that whoever applies it should know. */
export interface Diagnostic {
  readonly file: string;
  /** From 1; null when it is about the file as a whole. */
  readonly line: number | null;
  /** `refused`: applying would fail, most likely in the middle. */
  readonly level: 'refused' | 'note';
  readonly message: string;
  readonly hint: string;
}

/** A file, how it would be run, and its statements. */
export interface PlannedFile {
  readonly file: MigrationFile;
  readonly mode: TxMode;
  readonly split: MigrationSplit;
}

/** Pure. */
export function planFile(file: MigrationFile, mode: TxMode, format: FolderFormat = 'atlas'): PlannedFile {
  return { file, mode, split: splitFile(file.text, formats[format].cutBy) };
}

export interface InspectOptions {
  /** Whether BEGIN and COMMIT are passed over, as every file is a transaction anyway. */
  readonly passesTransactions?: boolean;
  /** Whether Atlas applies this folder, too. */
  readonly sharedWithAtlas?: boolean;
}

/** In the order of files and lines. Pure. */
export function inspectFiles(
  planned: readonly PlannedFile[],
  options: InspectOptions = {},
): readonly Diagnostic[] {
  return planned.flatMap((each, index) => {
    const subject: Subject = { ...each, ...options, isLast: index === planned.length - 1 };
    const { name } = each.file;
    const whole = fileRules
      .flatMap(rule => rule(subject) ?? [])
      .map(remark => ({ file: name, line: null, ...remark }));
    const pieces = each.split.pieces.flatMap(piece => {
      const remark = pieceRules.map(rule => rule(piece, subject)).find(found => found !== null);
      return remark ? [{ file: name, line: lineOf(piece), ...remark }] : [];
    });
    return [...whole, ...pieces];
  });
}

interface Subject extends PlannedFile, InspectOptions {
  readonly isLast: boolean;
}

type Remark = Pick<Diagnostic, 'level' | 'message' | 'hint'>;

const elsewhere = (file: string): string =>
  `or load it once by: peakstone sql -f ${file}, and say so: peakstone migrate set VERSION`;

/** What a file as a whole is refused or noted for. */
const fileRules: readonly ((subject: Subject) => Remark | null)[] = [
  ({ file }) =>
    file.text.includes('\ufffd') && !isUtf8(file.bytes)
      ? { level: 'refused', message: 'is not text in UTF-8.', hint: 'Write it in UTF-8, and hash again.' }
      : null,
  ({ file }) =>
    file.text.includes('\0')
      ? {
          level: 'refused',
          message: 'holds a zero byte.',
          hint: 'No text in PostgreSQL can: write bytea as \\x….',
        }
      : null,
  ({ file }) =>
    directiveOf(file, 'txtar') !== null
      ? {
          level: 'refused',
          message:
            'is an archive of several scripts (atlas:txtar), all of which would run, its down.sql included.',
          hint: 'Keep what migrates in the file, and put what undoes it into down/ beside it, under the same name.',
        }
      : null,
  ({ file, sharedWithAtlas }) =>
    sharedWithAtlas && file.bytes.subarray(0, 3).equals(byteOrderMark)
      ? {
          level: 'note',
          message:
            'begins with a byte-order mark, which is passed over; Atlas sends it as part of the first statement, and fails.',
          hint: 'Take it out while nothing of the file has been applied, and hash again.',
        }
      : null,
  ({ split, sharedWithAtlas }) =>
    sharedWithAtlas && split.by === 'postgres'
      ? {
          level: 'note',
          message:
            "is cut as PostgreSQL reads it; Atlas cuts it elsewhere (E'\\'', nested comments, a carriage return that ends a comment), and would fail or leave something out.",
          hint: 'Atlas goes on behind it once it has been applied.',
        }
      : null,
  ({ split, mode }) =>
    mode !== 'none' && validatesInOne(split)
      ? {
          level: 'note',
          message:
            'adds a constraint NOT VALID and validates it in one transaction, which gains nothing: the lock is held for the scan.',
          hint: 'Put VALIDATE CONSTRAINT into a file of its own.',
        }
      : null,
];

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function validatesInOne({ pieces }: MigrationSplit): boolean {
  const adds = pieces.findIndex(({ text }) => /\bnot\s+valid\s*$/i.test(text));
  return adds >= 0 && pieces.slice(adds).some(({ text }) => /\bvalidate\s+constraint\b/i.test(text));
}

/** What a statement or a line is refused or noted for; the first one counts. */
const pieceRules: readonly ((piece: Piece, subject: Subject) => Remark | null)[] = [
  (piece, { file }) => {
    if (piece.kind !== 'meta') return null;
    const [command] = piece.text.split(/\s/);
    return {
      level: 'refused',
      message: `${command} is a line for psql, which no server understands.`,
      hint: `Take it out (pg_dump writes \\restrict and \\unrestrict since 17.6), ${elsewhere(file.name)}`,
    };
  },
  (piece, { file }) =>
    piece.kind === 'statement' && /^copy\b[\s\S]*\bfrom\s+stdin\b/i.test(bodyOf(piece))
      ? {
          level: 'refused',
          message: 'COPY … FROM STDIN: its rows are no SQL, and nothing hands them to the server here.',
          hint: `Write them as INSERT (pg_dump --inserts does), ${elsewhere(file.name)}`,
        }
      : null,
  (piece, { mode, passesTransactions }) => {
    const words = leadingWords(piece.text);
    if (mode === 'none' || !endsTransaction(words)) return null;
    if (passesTransactions && !/^rollback|^prepare/.test(words)) return null;
    return {
      level: 'refused',
      message: `${words.toUpperCase().replace(/;.*/, '')} would end the transaction that the migration runs in: what stands before it would stay when the rest fails.`,
      hint: 'Take BEGIN and COMMIT out: each file is a transaction already. Where a file must not be one, say so at its top, with an empty line below: -- atlas:txmode none',
    };
  },
  (piece, { isLast }) => {
    const body = bodyOf(piece);
    const [, what] = /^set\s+(?:session\s+)?(search_path|role|session\s+authorization)\b/i.exec(body) ?? [];
    const path = /^select\s+(?:pg_catalog\.)?set_config\s*\(\s*'search_path'[\s\S]*false\s*\)\s*$/i.test(
      body,
    );
    if (isLast || (what === undefined && !path)) return null;
    return {
      level: 'note',
      message: `sets ${(what ?? 'search_path').toLowerCase()} for the session; it is put back before the next file. (Atlas keeps it until its run ends.)`,
      hint: 'What the next file needs, it should say itself; or name schemas in full.',
    };
  },
];

function bodyOf({ text }: Piece): string {
  return text.slice(leadingComments(text));
}

/** Of its first word, past the comments above it. */
function lineOf(piece: Piece): number {
  if (piece.kind === 'meta') return piece.line + 1;
  return piece.line + piece.text.slice(0, leadingComments(piece.text)).split('\n').length;
}

/**
 * What is wrong with the names of a folder. Pure.
 * @param byNumber whether versions are numbers here, as Hasura takes them
 */
export function inspectNames(files: readonly MigrationFile[], byNumber: boolean): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const byVersion = Map.groupBy(files, ({ version }) => version);
  for (const [version, same] of byVersion)
    if (same.length > 1)
      found.push({
        file: same[1]!.name,
        line: null,
        level: 'refused',
        message: `has version ${version}, as ${same[0]!.name} has: a database remembers one file of a version.`,
        hint: 'Rename one of them to a version of its own, and hash again. What stands before the first underscore is the version.',
      });
  if (byNumber) return found;
  const numbers = files.filter(({ version }) => /^\d{1,15}$/.test(version));
  for (const [index, file] of numbers.slice(1).entries()) {
    const before = numbers[index]!;
    if (Number(before.version) <= Number(file.version) || compareVersions(before.version, file.version) >= 0)
      continue;
    found.push({
      file: before.name,
      line: null,
      level: 'note',
      message: `comes before ${file.name}: versions sort as text.`,
      hint: 'Give all versions the same number of digits, or the time (20240131120000).',
    });
    break;
  }
  return found;
}

/** What a folder holds that is passed over. Pure. */
export function asideNotes({ setAside = [] }: MigrationFolder): readonly Diagnostic[] {
  return setAside.map(({ name, reason }) => ({
    file: name,
    line: null,
    level: 'note',
    message: `is passed over: ${reason}.`,
    hint: 'Rename it where it shall be applied.',
  }));
}

/** All that apply would refuse or note of a folder, were nothing of it applied. Pure. */
export function inspectFolder(folder: MigrationFolder): readonly Diagnostic[] {
  const planned = folder.files.map(file => {
    const none = file.directives.some(({ name, value }) => name === 'txmode' && value === 'none');
    return planFile(file, none ? 'none' : 'file', folder.format);
  });
  const { isNumbered, cutBy, passesTransactions } = formats[folder.format];
  return [
    ...asideNotes(folder),
    ...inspectNames(folder.files, isNumbered),
    ...inspectFiles(planned, { sharedWithAtlas: cutBy === 'atlas', passesTransactions }),
  ];
}
