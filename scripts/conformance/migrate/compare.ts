/** Whether what ours did is what Atlas did. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { CommandStep, RevisionRow } from './cases.ts';
import type { Outcome } from './run.ts';

/** What differs, one line each. */
export function compareStep(step: CommandStep, outcome: Outcome): readonly string[] {
  const found: string[] = [];
  const differ = (what: string, theirs: unknown, ours: unknown): void => {
    if (!isDeepStrictEqual(theirs, ours))
      found.push(`${what}: Atlas ${JSON.stringify(theirs)}, ours ${JSON.stringify(ours)}`);
  };
  differ('exit', step.exit, outcome.exit);
  differ('stdout', readOutput(step.stdout), readOutput(outcome.stdout));
  const [theirFiles, ourFiles] = [step.folder ?? {}, outcome.folder].map(folder => readFolder(step, folder));
  for (const [name, text] of Object.entries(theirFiles!)) differ(`file ${name}`, text, ourFiles![name]);
  if (step.revisions !== undefined) {
    const theirs = typeof step.revisions === 'string' ? null : step.revisions.map(plainRow);
    differ('revisions', theirs, outcome.revisions?.map(plainRow) ?? null);
  }
  const sentence = sentenceOf(step.stderr);
  if (sentence !== null && !outcome.stderr.includes(sentence))
    found.push(`stderr: does not say ${JSON.stringify(sentence)}: ${JSON.stringify(outcome.stderr)}`);
  return found;
}

/** A file that is named after the present time by what follows that, and without the sums that hold its name. */
function readFolder(
  { command }: CommandStep,
  folder: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (command[1] !== 'new') return folder;
  const files = Object.entries(folder).filter(([name]) => name !== 'atlas.sum');
  return Object.fromEntries(
    files.map(([name, text]) => [
      name.replace(/^20[2-9]\d{11}(?=_|\.)/, year => (year < '2025' ? year : 'NOW')),
      text,
    ]),
  );
}

function plainRow({ version, description, type, applied, total, timed, ...row }: RevisionRow): object {
  const { error, error_stmt, hash, partial_hashes } = row;
  return { version, description, type, applied, total, timed, error, error_stmt, hash, partial_hashes };
}

/** Without what is another at every run; a value where it is JSON. */
function readOutput(text: string): unknown {
  if (text.startsWith('{')) return readReport(JSON.parse(text) as unknown);
  return text
    .replace(/(?<=^ {2}-- ok )\(\S+\)$/gm, '(<T>)')
    .replace(/(?<=-{25}\n {2}-- )\S+/g, '<T>')
    .replace(/'(?:atlas|peakstone) migrate/g, "'peakstone migrate");
}

const moving = new Set(['Start', 'End', 'ExecutedAt', 'ExecutionTime', 'OperatorVersion', 'URL', 'Dir']);

function readReport(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readReport);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, moving.has(key) ? typeof each : readReport(each)]),
  );
}

/** What an error of Atlas' says to people: the server's words, or its own. */
function sentenceOf(stderr: string): string | null {
  const [line = ''] = stderr.split('\n');
  if (!line.startsWith('Error: ')) return null;
  const server = /pq: (.*?)(?: at (?:column|position) \S+)? \(\w{5}\)$/.exec(line);
  return server ? server[1]! : line.replace(/^Error: /, '').replaceAll('sql/migrate: ', '');
}
