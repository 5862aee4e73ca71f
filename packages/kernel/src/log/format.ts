export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One event to be logged, already without secrets. */
export interface LogRecord {
  readonly time: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const RESERVED = new Set(['time', 'level', 'message']);

/** One JSON object and a line feed. Fields named like the record's own get a `_` behind. */
export function formatJson(record: LogRecord): string {
  const line: Record<string, unknown> = {
    time: record.time.toISOString(),
    level: record.level,
    message: record.message,
  };
  for (const [key, value] of Object.entries(record.fields)) line[RESERVED.has(key) ? `${key}_` : key] = value;
  return `${JSON.stringify(line)}\n`;
}

const COLOURS: Readonly<Record<LogLevel, string>> = { debug: '90', info: '36', warn: '33', error: '31' };

/** A line for people: `12:00:01.234 info  message  key=value`; stacks follow, indented. */
export function formatPretty(record: LogRecord, colour: boolean): string {
  const paint = (code: string, text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const stacks: string[] = [];
  const fields = Object.entries(record.fields).map(([key, value]) => {
    if (isErrorData(value)) {
      stacks.push(value.stack);
      return `${paint('90', `${key}=`)}${printable(`${value.name}: ${value.message}`)}`;
    }
    return `${paint('90', `${key}=`)}${printable(typeof value === 'string' ? value : JSON.stringify(value))}`;
  });
  const time = record.time.toISOString().slice(11, 23);
  const head = `${paint('90', time)} ${paint(COLOURS[record.level], record.level.padEnd(5))} ${printable(record.message)}`;
  const stack = stacks.map(text => `    ${printable(text, true).replaceAll('\n', '\n    ')}\n`).join('');
  return `${[head, ...fields].join('  ')}\n${stack}`;
}

function isErrorData(value: unknown): value is { name: string; message: string; stack: string } {
  return value !== null && typeof value === 'object' && 'stack' in value && typeof value.stack === 'string';
}

/** Without control characters: a logged request must not move the cursor or forge a line. */
function printable(text: string | undefined, keepLines = false): string {
  return (text ?? 'undefined').replace(/[\x00-\x1f\x7f-\x9f]/g, char =>
    keepLines && char === '\n' ? char : JSON.stringify(char).slice(1, -1).replace('\x7f', '\\x7f'),
  );
}
