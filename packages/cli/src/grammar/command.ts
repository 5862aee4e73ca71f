/** What a command is, as data: parsing, help, completions and "did you mean" all come from it. */

/** How an option's text becomes a value. `flag` takes none. */
export type OptionKind = 'flag' | 'text' | 'integer' | 'list';

export interface Option {
  readonly kind: OptionKind;
  /** One letter, without the dash. */
  readonly short?: string;
  /** The placeholder in help: `DIR`. Needed by every kind but `flag`. */
  readonly value?: string;
  readonly summary: string;
  /** The only values accepted; also what the shell completes. */
  readonly choices?: readonly string[];
  /** Inclusive bounds of an `integer`. */
  readonly range?: readonly [min: number, max: number];
}

export interface Argument {
  readonly name: string;
  readonly summary: string;
  /** Default true. */
  readonly required?: boolean;
  /** Takes all that is left; only the last one may. */
  readonly many?: boolean;
  readonly choices?: readonly string[];
  /** What the shell completes where other values are accepted too. */
  readonly likely?: readonly string[];
}

export interface Example {
  readonly command: string;
  readonly does: string;
}

/** Values by option name: `true`, text, number or texts; absent when not given. */
export type OptionValues = Readonly<Record<string, true | string | number | readonly string[] | undefined>>;

export interface Invocation {
  readonly options: OptionValues;
  /** Positional texts, in order. */
  readonly arguments: readonly string[];
  /** The tree that the command was found in: what help and completions are about. */
  readonly root: Command;
}

/** The world a command sees; tests hand in their own. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the folder the command was started in. */
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Names commands as `told` does. */
  readonly stderr: NodeJS.WriteStream;
  /** The text with its commands as this user can type them, and so that they mean the stack of this command, as it was started. */
  told(text: string): string;
}

export interface Command {
  readonly name: string;
  /** One line, no full stop: what it does. */
  readonly summary: string;
  /** Paragraphs of help under the summary. */
  readonly description?: string;
  readonly arguments?: readonly Argument[];
  readonly options?: Readonly<Record<string, Option>>;
  readonly examples?: readonly Example[];
  readonly commands?: readonly Command[];
  /** Hands every argument on unparsed (`rest`, which has the reference's own grammar). */
  readonly raw?: boolean;
  /** Left out of help and completions. */
  readonly hidden?: boolean;
  /** Resolves with the exit code. Heavy imports belong inside, so that `--help` and completions stay fast. */
  readonly run?: (invocation: Invocation, context: Context) => Promise<number>;
}

/** Options that every command of a stack understands: which stack is meant. */
export const stackOptions = {
  data: {
    kind: 'text',
    value: 'DIR',
    summary: 'Folder of the stack’s data (default .peakstone, or PEAKSTONE_DATA)',
  },
} as const satisfies Record<string, Option>;

/** Services that run on this machine, one of them where a setting asks for it; another setting may bring more. */
export const usualServices = [
  'postgres',
  'cron',
  'rest',
  'graphql',
  'storage',
  'images',
  'backup',
  'console',
  'gateway',
] as const;

/** The option of commands whose result a program may read. */
export const jsonOption = {
  json: { kind: 'flag', summary: 'Print JSON on standard output' },
} as const satisfies Record<string, Option>;
