import { suggest } from '@peakstone/kernel/config';
import type { Command, Invocation, Option } from './command.ts';
import { UsageError } from './errors.ts';

/** What a command line asks for: a command with its path of names, or the help of it. */
export type Parsed =
  | { readonly kind: 'run'; readonly path: readonly Command[]; readonly invocation: Invocation }
  /** `asked`: with --help. Else the command line ended before it had named a command. */
  | { readonly kind: 'help'; readonly path: readonly Command[]; readonly asked: boolean };

/** Options that every command has without listing them. */
export const commonOptions: Readonly<Record<string, Option>> = {
  help: { kind: 'flag', short: 'h', summary: 'Show this help' },
};

/**
 * Reads a command line against the tree of commands. Pure.
 *
 * Options may stand anywhere after their command; `--name value`, `--name=value`, `-n value`, grouped short flags
 * and `--` (everything after it is positional) all work.
 * @throws {UsageError} naming the word that was not understood and the nearest one that would be.
 */
export function parseCommandLine(root: Command, argv: readonly string[]): Parsed {
  const path = [root];
  let rest = [...argv];
  for (;;) {
    const here = path.at(-1)!;
    if (here.raw && here.run) {
      return { kind: 'run', path, invocation: { options: {}, arguments: rest, root } };
    }
    const word = rest[0];
    if (!here.commands || word === undefined || word.startsWith('-')) break;
    const next = here.commands.find(command => command.name === word);
    if (!next) {
      // A command that also runs by itself may take the word as its argument.
      if (here.run && (here.arguments?.length ?? 0) > 0) break;
      throw unknownCommand(path, word);
    }
    path.push(next);
    rest = rest.slice(1);
  }
  return parseInvocation(path, rest);
}

function parseInvocation(path: readonly Command[], argv: readonly string[]): Parsed {
  const command = path.at(-1)!;
  const options: Record<string, true | string | number | string[]> = {};
  const positionals: string[] = [];
  let help = false;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--') {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    // A lone dash is the usual name of standard input, and no option's name holds a space: `sql "-- a comment"` is SQL.
    if (!word.startsWith('-') || word === '-' || /^--[^=\s]*\s/.test(word)) {
      positionals.push(word);
      continue;
    }
    for (const { name, option, inline } of readOption(path, word)) {
      if (name === 'help') {
        help = true;
      } else if (option.kind === 'flag') {
        if (inline !== undefined) throw new UsageError(`--${name} takes no value.`, helpHint(path));
        options[name] = true;
      } else {
        const text = inline ?? argv[++i];
        if (text === undefined)
          throw new UsageError(`--${name} needs a value: ${option.value}.`, helpHint(path));
        const value = readValue(name, option, text, path);
        const before = options[name];
        if (before !== undefined && option.kind !== 'list')
          throw new UsageError(`--${name} is given twice.`, 'Call the command once for each.');
        options[name] = option.kind === 'list' ? [...((before as string[]) ?? []), String(value)] : value;
      }
    }
  }
  if (help) return { kind: 'help', path, asked: true };
  if (!command.run) {
    if (positionals.length > 0) throw unknownCommand(path, positionals[0]!);
    return { kind: 'help', path, asked: false };
  }
  checkArguments(path, positionals);
  return { kind: 'run', path, invocation: { options, arguments: positionals, root: path[0]! } };
}

interface OptionUse {
  readonly name: string;
  readonly option: Option;
  /** The value glued to the option, when there is one. */
  readonly inline: string | undefined;
}

function readOption(path: readonly Command[], word: string): readonly OptionUse[] {
  const known: Readonly<Record<string, Option>> = { ...path.at(-1)!.options, ...commonOptions };
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!option) throw unknownOption(path, `--${name}`, Object.keys(known));
    return [{ name, option, inline: equals < 0 ? undefined : word.slice(equals + 1) }];
  }
  const uses: OptionUse[] = [];
  for (let i = 1; i < word.length; i++) {
    const letter = word[i]!;
    const entry = Object.entries(known).find(([, option]) => option.short === letter);
    if (!entry) throw unknownOption(path, `-${letter}`, Object.keys(known));
    const [name, option] = entry;
    if (option.kind !== 'flag') {
      const glued = word.slice(i + 1).replace(/^=/, '');
      uses.push({ name, option, inline: glued === '' ? undefined : glued });
      break;
    }
    uses.push({ name, option, inline: undefined });
  }
  return uses;
}

function readValue(name: string, option: Option, text: string, path: readonly Command[]): string | number {
  if (option.choices && !option.choices.includes(text)) {
    throw new UsageError(`--${name} cannot be '${text}'.`, `It is one of: ${option.choices.join(', ')}.`);
  }
  if (option.kind !== 'integer') return text;
  const [min, max] = option.range ?? [0, Number.MAX_SAFE_INTEGER];
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(
      `--${name} needs a whole number from ${min} to ${max}, not '${text}'.`,
      helpHint(path),
    );
  }
  return value;
}

function checkArguments(path: readonly Command[], positionals: readonly string[]): void {
  const wanted = path.at(-1)!.arguments ?? [];
  const many = wanted.at(-1)?.many === true;
  if (!many && positionals.length > wanted.length) {
    throw new UsageError(`'${positionals[wanted.length]}' is one argument too many.`, helpHint(path));
  }
  const missing = wanted.find(
    (argument, index) => argument.required !== false && positionals[index] === undefined,
  );
  if (missing) throw new UsageError(`${missing.name} is missing: ${missing.summary}.`, helpHint(path));
  positionals.forEach((text, index) => {
    const argument = wanted[Math.min(index, wanted.length - 1)]!;
    if (argument.choices && !argument.choices.includes(text)) {
      const near = suggest(text, argument.choices);
      throw new UsageError(
        `${argument.name} cannot be '${text}'.`,
        near ? `Did you mean '${near}'?` : `It is one of: ${argument.choices.join(', ')}.`,
      );
    }
  });
}

function unknownCommand(path: readonly Command[], word: string): UsageError {
  const names = (path.at(-1)!.commands ?? []).filter(command => !command.hidden).map(command => command.name);
  const near = suggest(word, names);
  return new UsageError(
    `There is no command '${[...path.slice(1).map(command => command.name), word].join(' ')}'.`,
    near ? `Did you mean '${commandLine(path)} ${near}'?` : helpHint(path),
  );
}

function unknownOption(path: readonly Command[], word: string, names: readonly string[]): UsageError {
  const near = word.startsWith('--') ? suggest(word.slice(2), names) : undefined;
  return new UsageError(
    `${commandLine(path)} has no option ${word}.`,
    near ? `Did you mean '--${near}'?` : helpHint(path),
  );
}

function helpHint(path: readonly Command[]): string {
  return `See '${commandLine(path)} --help'.`;
}

/** `peakstone secrets rotate`. */
export function commandLine(path: readonly Command[]): string {
  return path.map(command => command.name).join(' ');
}
