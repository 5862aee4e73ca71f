import type { ApplyEvent } from '../apply/index.ts';
import type { MigrationFile } from '../folder/index.ts';
import { formatDuration } from '../session/index.ts';

interface ReportedFile {
  readonly file: MigrationFile;
  readonly skipped: number;
  readonly statements: string[];
  readonly start: Date;
  end: Date | null;
  error: { readonly statement: string; readonly text: string } | null;
}

/** What was done, told as Atlas tells it: as text, a file at a time, or as one value. */
export class ApplyReport {
  readonly #write: (text: string) => void;
  readonly #start = new Date();
  readonly #now: () => Date;
  #files: ReportedFile[] = [];
  #planned: Extract<ApplyEvent, { kind: 'planned' }> | null = null;
  #shown = 0;
  #stopped = '';
  /** What can still be undone is not shown yet. */
  readonly #together: boolean;
  readonly #isDown: boolean;
  readonly #tellsErrors: boolean;

  /**
   * @param together whether all files are one transaction, none of which is applied before the last one is
   * @param options.tellsErrors in the text; where somebody else does so to the same reader, once is enough
   */
  constructor(
    write: (text: string) => void,
    together: boolean,
    {
      isDown = false,
      tellsErrors = true,
      now = () => new Date(),
    }: { readonly isDown?: boolean; readonly tellsErrors?: boolean; readonly now?: () => Date } = {},
  ) {
    this.#tellsErrors = tellsErrors;
    this.#write = write;
    this.#isDown = isDown;
    this.#together = together;
    this.#now = now;
  }

  add(event: ApplyEvent): void {
    switch (event.kind) {
      case 'planned':
        this.#planned = event;
        this.#write(this.#isDown ? downHeaderOf(event) : headerOf(event));
        return;
      case 'file': {
        const { file, skipped } = event;
        this.#files.push({ file, skipped, statements: [], start: this.#now(), end: null, error: null });
        return;
      }
      case 'statement':
        this.#files.at(-1)?.statements.push(event.text);
        return;
      case 'fileApplied': {
        const last = this.#files.at(-1);
        if (last) last.end = this.#now();
        if (!this.#together) this.#show();
        return;
      }
      case 'failed': {
        const last = this.#files.at(-1);
        if (last) last.error = { statement: event.statement ?? '', text: event.text };
        return;
      }
      case 'stopped':
        this.#stopped = event.text;
        return;
      case 'again':
        this.#files = this.#files.slice(0, event.since);
        return;
      default:
        return;
    }
  }

  /** Whether anything was run that may be kept. */
  get changed(): boolean {
    return this.#files.some(({ statements }) => statements.length > 0);
  }

  /** After all, whatever came of it. */
  end(): void {
    if (this.#planned === null || this.#planned.files.length === 0) return;
    this.#show();
    if (this.#files.length === 0 && this.#stopped !== '')
      this.#write(this.#tellsErrors ? `\n    ${this.#stopped}\n` : '');
    else if (this.#files.length === 0) this.#write('\n');
    this.#write(`\n  -------------------------\n  ${this.#summary().join('\n  ')}\n`);
  }

  /** As Atlas' `{{ json . }}`. */
  toJson(env: object): object {
    const { files = [], from = '', to = '' } = this.#planned ?? {};
    const error = this.#stopped;
    const message =
      this.#files.length === 0
        ? 'No migration files to execute'
        : `Migrated to version ${to} from ${from} (${files.length} migrations in total)`;
    return compact({
      ...env,
      Pending: files.map(fileJson),
      Applied: this.#files.map(({ file, skipped, statements, start, end, error: failed }) =>
        compact({
          ...fileJson(file),
          Start: start.toISOString(),
          End: (end ?? this.#now()).toISOString(),
          Skipped: skipped,
          Applied: statements,
          Error: failed === null ? undefined : { Stmt: failed.statement, Text: failed.text },
        }),
      ),
      Current: from,
      Target: to,
      Start: this.#start.toISOString(),
      End: this.#now().toISOString(),
      Error: error,
      Message: error === '' ? message : '',
    });
  }

  #show(): void {
    for (const { file, statements, start, end, error } of this.#files.slice(this.#shown)) {
      const lines = [
        '',
        `  -- ${this.#isDown ? 'reverting' : 'migrating'} version ${file.version}`,
        ...statements.map(text => `    -> ${text.replaceAll('\n', '\n       ')}`),
        ...(error === null
          ? [`  -- ok (${formatDuration((end ?? this.#now()).getTime() - start.getTime())})`]
          : this.#tellsErrors
            ? [`    ${error.text}`]
            : []),
      ];
      this.#write(`${lines.join('\n')}\n`);
    }
    this.#shown = this.#files.length;
  }

  #summary(): readonly string[] {
    const failed = this.#files.filter(({ error }) => error !== null).length;
    const passed = this.#files.length - failed;
    const statements = this.#files.reduce((sum, file) => sum + file.statements.length, 0);
    return [
      `-- ${formatDuration(this.#now().getTime() - this.#start.getTime())}`,
      ...countLine('migration', passed, failed),
      ...countLine('sql statement', statements - failed, failed),
    ];
  }
}

/** Pure. */
function headerOf({ from, to, files }: Extract<ApplyEvent, { kind: 'planned' }>): string {
  if (files.length === 0) return 'No migration files to execute\n';
  return `Migrating to version ${to}${from === '' ? '' : ` from ${from}`} (${files.length} migrations in total):\n`;
}

/** As Atlas' commercial edition has it. Pure. */
function downHeaderOf({ from, to, files }: Extract<ApplyEvent, { kind: 'planned' }>): string {
  if (files.length === 0) return 'No migration files to revert\n';
  const target = to === '' ? 'an empty history' : `version ${to}`;
  return `Migrating down from version ${from} to ${target} (${files.length} migrations in total):\n`;
}

function countLine(noun: string, passed: number, failed: number): readonly string[] {
  const plural = (count: number): string => `${count} ${noun}${count > 1 ? 's' : ''}`;
  if (passed > 0) return [`-- ${plural(passed)}${failed > 0 ? ` ok, ${failed} with errors` : ''}`];
  return failed > 0 ? [`-- ${plural(failed)} with errors`] : [];
}

/** As Atlas names a file to programs. Pure. */
export function fileJson({ name, version, description }: MigrationFile): object {
  return compact({ Name: name, Version: version, Description: description });
}

/** Without what is empty, as Go's `omitempty` leaves it out. Pure. */
export function compact(value: Readonly<Record<string, unknown>>): object {
  const isEmpty = (each: unknown): boolean =>
    each === undefined || each === '' || each === 0 || (Array.isArray(each) && each.length === 0);
  return Object.fromEntries(Object.entries(value).filter(([, each]) => !isEmpty(each)));
}
