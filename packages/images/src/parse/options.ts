/** The middle of a path: options, presets and what the client takes, applied in their order. Pure but for the clock. */
import { ImagesError } from '../errors.ts';
import type { Clock } from '../options/definition.ts';
import { optionByName } from '../options/index.ts';
import { applyFormat } from '../options/saving.ts';
import { type Options, type PassOptions, resizingTypes } from '../options/types.ts';
import type { SourceUrl } from '../source/sourceUrl.ts';
import { parseSource, type SourceConfig } from './source.ts';

export interface OptionsConfig extends SourceConfig {
  readonly presets: ReadonlyMap<string, readonly UrlOption[]>;
  readonly onlyPresets: boolean;
  /** Literal names; empty allows all. Presets may use what it forbids. */
  readonly allowedOptions: readonly string[];
  readonly allowSecurityOptions: boolean;
  readonly argumentsSeparator: string;
}

export interface UrlOption {
  readonly name: string;
  readonly args: readonly string[];
}

export interface ParsedUrl {
  readonly options: Options;
  readonly source: SourceUrl;
}

/** Passes of one URL: each costs a turn over the whole picture. */
const maxPasses = 8;

interface Parsing {
  readonly config: OptionsConfig;
  readonly clock: Clock;
  /** Of the whole request. */
  readonly main: Options;
  /** Of the pass that is being read. */
  pass: PassOptions;
}

/**
 * Reads a path whose signature is right. `start` is what the client's headers ask for.
 * @throws {ImagesError} `path`, `option`, `securityOption`
 */
export function parseOptions(path: string, start: Options, config: OptionsConfig, clock: Clock): ParsedUrl {
  const parts = path.split('/');
  const main: Options = { ...start };
  const parsing: Parsing = { config, clock, main, pass: main };
  const [first = ''] = parts;
  if (!config.onlyPresets && (resizingTypes as readonly string[]).includes(first)) {
    throw new ImagesError('path', 'It looks like you’re using the deprecated basic URL format');
  }
  if (config.presets.has('default')) applyPresets(parsing, ['default'], []);
  let rest: readonly string[];
  if (config.onlyPresets) {
    applyPresets(parsing, first.split(config.argumentsSeparator), []);
    rest = parts.slice(1);
  } else {
    const cut = cutOptions(parts, config.argumentsSeparator);
    applyAll(parsing, cut.options, config.allowedOptions, []);
    rest = cut.rest;
  }
  const source = parseSource(rest, config);
  if (!main.raw && source.extension !== '') applyFormat(main, source.extension);
  return { options: main, source: source.url };
}

/**
 * Options come first; the first part without a separator begins the source. A lone dash before another option begins another
 * pass: anywhere else it can be a piece of an encoded source.
 */
export function cutOptions(
  parts: readonly string[],
  separator: string,
): { readonly options: readonly UrlOption[]; readonly rest: readonly string[] } {
  const options: UrlOption[] = [];
  let at = 0;
  for (; at < parts.length; at++) {
    const part = parts[at] ?? '';
    const [name = '', ...args] = part.split(separator);
    const chains = part === '-' && at > 0 && parts[at + 1]?.includes(separator);
    if (args.length === 0 && !chains) break;
    options.push({ name, args });
  }
  return { options, rest: parts.slice(at) };
}

function applyAll(
  parsing: Parsing,
  options: readonly UrlOption[],
  allowed: readonly string[],
  usedPresets: readonly string[],
): void {
  for (const option of options) {
    if (allowed.length > 0 && !allowed.includes(option.name)) {
      throw new ImagesError('option', `Forbidden processing option ${option.name}`);
    }
    applyOne(parsing, option, usedPresets);
  }
}

function applyOne(parsing: Parsing, { name, args }: UrlOption, usedPresets: readonly string[]): void {
  if (name === '-') {
    beginPass(parsing);
    return;
  }
  if (name === 'preset' || name === 'pr') {
    applyPresets(parsing, args, usedPresets);
    return;
  }
  const option = optionByName(name);
  if (option === undefined) throw new ImagesError('option', `Unknown processing option ${name}`);
  if (option.security && !parsing.config.allowSecurityOptions) {
    throw new ImagesError('securityOption', 'Security processing options are not allowed');
  }
  option.apply(option.whole ? parsing.main : (parsing.pass as Options), args, parsing.clock);
}

function beginPass(parsing: Parsing): void {
  const passes = parsing.main.next ?? [];
  parsing.main.next = passes;
  if (passes.length + 1 >= maxPasses) {
    throw new ImagesError('option', `More than ${maxPasses} chained pipelines`);
  }
  parsing.pass = {};
  passes.push(parsing.pass);
}

/** A preset that uses itself is skipped, not refused. */
function applyPresets(parsing: Parsing, names: readonly string[], used: readonly string[]): void {
  for (const name of names) {
    const preset = parsing.config.presets.get(name);
    if (preset === undefined) throw new ImagesError('option', `Unknown preset: ${name}`);
    if (!used.includes(name)) applyAll(parsing, preset, [], [...used, name]);
  }
}
