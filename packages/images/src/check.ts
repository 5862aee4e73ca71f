/** What a service of these settings would say to a URL before it fetches anything: for those who sign URLs. */
import type { Env } from '@peakstone/kernel/service';
import { readImagesConfig } from './config.ts';
import { ImagesError } from './errors.ts';
import { optionByName } from './options/index.ts';
import { cutOptions, type OptionsConfig, parseOptions } from './parse/options.ts';
import { splitPath } from './parse/path.ts';
import { assertSavable } from './refused.ts';
import { assertAllowed, parseSourceUrl } from './source/sourceUrl.ts';

/** Why it would be refused: for an option, which the settings of every service have, or by this one's list of sources. */
export interface Refused {
  readonly part: 'options' | 'source';
  readonly reason: string;
}

const now = (): number => Date.now() / 1000;

/**
 * @param target `/SIGNATURE/OPTIONS/SOURCE`, as it is asked for
 * @param options the middle of it, as it was written
 * @returns null where nothing is refused
 * @throws {ConfigError} naming the setting that cannot be read
 */
export function checkUrl(target: string, options: string, env: Env): Refused | null {
  const { options: config, sources } = readImagesConfig(env);
  const reason = config.onlyPresets ? null : wrongOption(options, config);
  if (reason !== null) return { part: 'options', reason };
  try {
    const parsed = parseOptions(splitPath(target, '').path, {}, config, now);
    assertSavable(parsed.options.format);
    assertAllowed(parsed.source, sources.allowed);
    const { baseUrl } = config;
    const given = parseSourceUrl(parsed.source.text.slice(baseUrl.length), config.querySeparator);
    if (baseUrl === '' || given.scheme === '') return null;
    return { part: 'source', reason: `IMGPROXY_BASE_URL makes it ${parsed.source.text}.` };
  } catch (error) {
    if (!(error instanceof ImagesError)) throw error;
    const part = error.kind === 'sourceUrl' || error.kind === 'path' ? 'source' : 'options';
    const remedy = error.kind === 'sourceUrl' ? ' IMGPROXY_ALLOWED_SOURCES says which are.' : '';
    return { part, reason: `${error.message}.${remedy}` };
  }
}

/** The first of them that cannot be read, with the form that it has. */
function wrongOption(options: string, config: OptionsConfig): string | null {
  const parts = options.split('/').filter(part => part !== '');
  const { options: read, rest } = cutOptions(parts, config.argumentsSeparator);
  const source = ['plain', 'x'];
  for (const [index, { name }] of read.entries()) {
    try {
      parseOptions([...parts.slice(0, index + 1), ...source].join('/'), {}, config, now);
    } catch (error) {
      if (!(error instanceof ImagesError)) throw error;
      const form = optionByName(name)?.arguments;
      return `${parts[index]}: ${error.message}${form ? `; it is written ${name}${config.argumentsSeparator}${form}` : ''}.`;
    }
  }
  const [lone] = rest;
  if (lone === undefined) return null;
  return `${lone}: an option has arguments, as in w${config.argumentsSeparator}300; the service would take this for a part of the source.`;
}
