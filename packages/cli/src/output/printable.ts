/**
 * Text that others wrote (rows, logs, notices, names in messages), fit for a terminal: data must not move its cursor, change
 * its colours or its title. Control characters, C1's among them, are shown as escapes; lines stay lines. Pure.
 * @example printable('a\u001b[31mb') // 'a\\x1b[31mb'
 */
export function printable(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, control => (control === '\t' ? '    ' : escaped(control)));
}

/**
 * The same for what stands within a line, such as a name: a line feed in it would begin a line that looks like ours. Pure.
 * @example printableLine('films\nerror: none') // 'films\\x0aerror: none'
 */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', escaped);
}

/**
 * Data for programs, byte for byte; where a terminal would take some of it for commands, that is shown as escapes. Pure.
 * @example stdout.write(dataFor(stdout, source))
 */
export function dataFor(stream: { readonly isTTY?: boolean }, data: string | Buffer): string | Buffer {
  return stream.isTTY
    ? data.toString().replace(/\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, escaped)
    : data;
}

function escaped(control: string): string {
  return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
