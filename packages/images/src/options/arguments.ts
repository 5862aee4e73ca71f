/** Arguments of options, read as Go reads them. Pure. */
import { ImagesError } from '../errors.ts';
import { type Format, formatByName } from '../formats.ts';
import type { Rgb } from './types.ts';

export function invalid(name: string, argument: string, expected?: string): ImagesError {
  return new ImagesError(
    'option',
    `Invalid ${name}: ${argument}${expected === undefined ? '' : ` (expected ${expected})`}`,
  );
}

/** @throws {ImagesError} there are more arguments than `most` */
export function atMost(name: string, args: readonly string[], most: number): void {
  if (args.length > most) throw new ImagesError('option', `Invalid ${name} arguments: [${args.join(' ')}]`);
}

/** The only argument. @throws {ImagesError} there are more */
export function single(name: string, args: readonly string[]): string {
  atMost(name, args, 1);
  return args[0] ?? '';
}

/** `1 t T TRUE true True` are true, all else is false. */
export function readBoolean(text: string): boolean {
  return /^(?:1|t|T|TRUE|true|True)$/.test(text);
}

/** @throws {ImagesError} no whole number, or out of bounds */
export function readInteger(
  name: string,
  text: string,
  { least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER, expected = 'integer number' } = {},
): number {
  const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < least || value > most) throw invalid(name, text, expected);
  return value;
}

/** 0 and more. */
export function readCount(name: string, text: string): number {
  return readInteger(name, text, { least: 0, expected: 'positive number or 0' });
}

/** @throws {ImagesError} no number, or out of bounds */
export function readNumber(
  name: string,
  text: string,
  {
    least = Number.NEGATIVE_INFINITY,
    most = Number.POSITIVE_INFINITY,
    above = Number.NEGATIVE_INFINITY,
    expected = 'number',
  } = {},
): number {
  const value = parseFloat64(text);
  // No comparison holds for NaN: it passes here as it does in the reference, and no picture can be made of it.
  if (value === undefined || value < least || value > most || value <= above) {
    throw invalid(name, text, expected);
  }
  return value;
}

/** As Go's ParseFloat, but for hexadecimal: decimals with underscores between their digits, exponents, NaN and infinity. */
function parseFloat64(text: string): number | undefined {
  const plain = text.replace(/(?<=\d)_(?=\d)/g, '');
  if (/^[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][+-]?\d{1,4})?$/.test(plain)) {
    const value = Number(plain);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (infinite === null) return undefined;
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Above 0. */
export function readFactor(name: string, text: string): number {
  return readNumber(name, text, { above: 0, expected: 'positive number' });
}

/** 0 and more. */
export function readAmount(name: string, text: string): number {
  return readNumber(name, text, { least: 0, expected: 'positive number or 0' });
}

/** Megapixels as pixels. */
export function readResolution(name: string, text: string): number {
  return Math.trunc(readAmount(name, text) * 1_000_000);
}

/** 0–100, 0 for the default. */
export function readQuality(name: string, text: string): number {
  return readInteger(name, text, { least: 0, most: 100, expected: 'number in range 0-100' });
}

/** Three or six hexadecimal digits. */
export function readHexColor(name: string, text: string): Rgb {
  if (!/^(?:[0-9a-fA-F]{3}){1,2}$/.test(text)) throw invalid(name, text, 'hex-encoded color');
  const digits = text.length === 3 ? [...text].map(digit => digit + digit) : (text.match(/../g) ?? []);
  const [r = 0, g = 0, b = 0] = digits.map(pair => Number.parseInt(pair, 16));
  return { r, g, b };
}

/** @throws {ImagesError} no format is called so */
export function readFormat(name: string, text: string): Format {
  const format = formatByName(text);
  if (format === undefined) throw invalid(name, text, 'supported image format');
  return format;
}

/** @throws {ImagesError} none of the words */
export function readWord<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find(word => word === text);
  if (found === undefined) throw invalid(name, text, words.join(', '));
  return found;
}

/** An argument that is there and not empty. */
export function given(args: readonly string[], index: number): string | undefined {
  const text = args[index];
  return text === '' ? undefined : text;
}
