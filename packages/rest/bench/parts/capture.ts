/**
 * What one request makes PostgreSQL run, read from the server's own log: so that the peer (pgbench) runs exactly
 * the statements the product runs, and not a flattering imitation.
 */
export interface CapturedStatement {
  readonly text: string;
  /** Parameters as the log prints them, unquoted; null for NULL. */
  readonly parameters: readonly (string | null)[];
}

/** Reads `log_statement = all` output (English, any log_line_prefix that starts with a timestamp). */
export function readStatements(log: string): CapturedStatement[] {
  const entries = log.split(/\n(?=\d{4}-\d\d-\d\d \d\d:)/);
  const statements: CapturedStatement[] = [];
  for (const entry of entries) {
    const execute = /(?:LOG|STATEMENT): {2}(?:execute [^:]*|statement): ([\s\S]*)$/.exec(entry);
    if (execute) statements.push({ text: execute[1]!.trim(), parameters: [] });
    const detail = /DETAIL: {2}(?:[Pp]arameters): ([\s\S]*)$/.exec(entry);
    const last = statements.at(-1);
    if (detail && last)
      statements[statements.length - 1] = { ...last, parameters: readParameters(detail[1]!) };
  }
  return statements;
}

function readParameters(text: string): (string | null)[] {
  const values: (string | null)[] = [];
  for (const [, quoted, bare] of text.matchAll(/\$\d+ = (?:'((?:[^']|'')*)'|(NULL))/g)) {
    values.push(bare ? null : quoted!.replaceAll("''", "'"));
  }
  return values;
}

/**
 * A pgbench script that runs `statements` between BEGIN and COMMIT, and the `-D` variables it needs.
 * `replace` maps a parameter's captured value to a pgbench variable made by `prelude`, so that keys vary.
 */
export function pgbenchScript(
  statements: readonly CapturedStatement[],
  prelude: readonly string[],
  replace: Readonly<Record<string, string>>,
  inOneTrip: boolean,
): { script: string; variables: Record<string, string> } {
  const variables: Record<string, string> = {};
  const body = statements
    .filter(({ text }) => !/^(begin|commit|rollback)/i.test(text))
    .map(({ text, parameters }, position) => {
      const sql = text.replace(/\$(\d+)/g, (_, digits: string) => {
        const value = parameters[Number(digits) - 1];
        if (value === null || value === undefined) return 'null';
        if (replace[value]) return `:${replace[value]}`;
        const name = `p${position}_${digits}`;
        variables[name] = value;
        return `:${name}`;
      });
      return `${sql.replaceAll('\n', ' ')};`;
    });
  const transaction = ['begin;', ...body, 'commit;'];
  const lines = inOneTrip ? ['\\startpipeline', ...transaction, '\\endpipeline'] : transaction;
  return { script: `${[...prelude, ...lines].join('\n')}\n`, variables };
}
