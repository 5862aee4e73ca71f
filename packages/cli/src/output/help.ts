import type { Command, Option } from '../grammar/command.ts';
import { commandLine, commonOptions } from '../grammar/parse.ts';
import { columns, wrap } from './columns.ts';
import type { Style } from './style.ts';

/** Help of the command at the end of `path`: usage, arguments, options, examples. Pure; `width` in terminal columns. */
export function renderHelp(path: readonly Command[], style: Style, width: number): string {
  const command = path.at(-1)!;
  const sections = [`${capital(command.summary)}.`, usage(path)];
  if (command.description) sections.push(...command.description.split('\n\n').map(part => wrap(part, width)));
  const visible = (command.commands ?? []).filter(child => !child.hidden);
  if (visible.length > 0) {
    sections.push(
      section(
        'Commands',
        visible.map(child => [child.name, child.summary]),
        style,
        width,
      ),
    );
  }
  if (command.arguments?.length) {
    sections.push(
      section(
        'Arguments',
        command.arguments.map(a => [a.name, a.summary]),
        style,
        width,
      ),
    );
  }
  if (!command.raw) {
    const options = Object.entries({ ...command.options, ...commonOptions });
    sections.push(
      section(
        'Options',
        options.map(([name, option]) => [flags(name, option), details(option)]),
        style,
        width,
      ),
    );
  }
  if (command.examples?.length) {
    const lines = command.examples.flatMap(({ command: line, does }) => [
      `  ${style.bold(line)}`,
      `      ${does}`,
    ]);
    sections.push([style.heading('Examples'), ...lines].join('\n'));
  }
  if (visible.length > 0)
    sections.push(`Help of one command: '${commandLine(path)} ${visible[0]!.name} --help'.`);
  return `${sections.join('\n\n')}\n`;
}

function usage(path: readonly Command[]): string {
  const command = path.at(-1)!;
  const words = [commandLine(path)];
  if (command.commands && !command.run) words.push('COMMAND');
  if (!command.raw) words.push('[OPTIONS]');
  for (const argument of command.arguments ?? []) {
    const name = argument.many ? `${argument.name}…` : argument.name;
    words.push(argument.required === false ? `[${name}]` : name);
  }
  return `Usage: ${words.join(' ')}`;
}

function flags(name: string, option: Option): string {
  const long = option.value ? `--${name} ${option.value}` : `--${name}`;
  return option.short ? `-${option.short}, ${long}` : `    ${long}`;
}

function details(option: Option): string {
  return option.choices ? `${option.summary} (${option.choices.join(', ')})` : option.summary;
}

function section(
  title: string,
  rows: readonly (readonly [string, string])[],
  style: Style,
  width: number,
): string {
  return [style.heading(title), ...columns(rows, width)].join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
