/** Settings of URLs: who signs them, what they may ask for, and what is made of their sources. */
import { ConfigError } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { keySizes } from '../parse/encrypted.ts';
import type { OptionsConfig } from '../parse/options.ts';
import { assertPresets, parsePresets } from '../parse/presets.ts';
import type { SignatureConfig } from '../parse/signature.ts';
import type { Replacement } from '../parse/source.ts';
import { fileOf, flag, hexes, list, prefixPattern, text, whole } from './read.ts';

export function readSignature(env: Env): SignatureConfig {
  const [keys, salts] = [hexes(env, 'KEY'), hexes(env, 'SALT')];
  if (keys.length !== salts.length) {
    throw new ConfigError('IMGPROXY_SALT', `as many salts as there are keys, which are ${keys.length}`);
  }
  return {
    keys: keys.map((key, index) => ({ key, salt: salts[index]! })),
    signatureSize: whole(env, 'SIGNATURE_SIZE', 32, { least: 1, most: 32 }),
    trustedSignatures: list(env, 'TRUSTED_SIGNATURES'),
  };
}

export function readOptions(env: Env): OptionsConfig {
  const argumentsSeparator = text(env, 'ARGUMENTS_SEPARATOR', ':');
  const lines = list(env, 'PRESETS', text(env, 'PRESETS_SEPARATOR', ','));
  const fromFile = (fileOf(env, 'PRESETS_PATH')?.toString() ?? '').split('\n');
  try {
    const config: OptionsConfig = {
      presets: parsePresets([...lines, ...fromFile], argumentsSeparator),
      onlyPresets: flag(env, 'ONLY_PRESETS'),
      allowedOptions: list(env, 'ALLOWED_PROCESSING_OPTIONS').filter(name => name !== ''),
      allowSecurityOptions: flag(env, 'ALLOW_SECURITY_OPTIONS'),
      argumentsSeparator,
      baseUrl: text(env, 'BASE_URL'),
      wholeSources: list(env, 'WHOLE_SOURCES').filter(prefix => prefix !== ''),
      replacements: readReplacements(env),
      querySeparator: text(env, 'SOURCE_URL_QUERY_SEPARATOR', '?'),
      encryptionKey: readEncryptionKey(env),
      filenameInUrl: flag(env, 'BASE64_URL_INCLUDES_FILENAME'),
    };
    assertPresets(config);
    return config;
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(
      'IMGPROXY_PRESETS',
      `presets such as thumb=rs:fill:100:100 (${(cause as Error).message})`,
      {
        cause,
      },
    );
  }
}

function readEncryptionKey(env: Env): Buffer | null {
  const expected = '16, 24 or 32 bytes as hexadecimal digits';
  const [key = null, ...more] = hexes(env, 'SOURCE_URL_ENCRYPTION_KEY');
  if (more.length > 0 || (key !== null && !keySizes.includes(key.length))) {
    throw new ConfigError('IMGPROXY_SOURCE_URL_ENCRYPTION_KEY', expected);
  }
  return key;
}

/** `pattern=replacement;…`, the pattern with wildcards that `${1}` repeats. */
function readReplacements(env: Env): readonly Replacement[] {
  const pairs = text(env, 'URL_REPLACEMENTS');
  if (pairs === '') return [];
  return pairs.split(';').map(pair => {
    const equals = pair.indexOf('=');
    if (equals < 0) {
      throw new ConfigError(
        'IMGPROXY_URL_REPLACEMENTS',
        'pairs such as old://=s3://bucket/;x://*/=https://$1/',
        {
          got: pair,
        },
      );
    }
    return {
      pattern: prefixPattern(pair.slice(0, equals)),
      replacement: pair.slice(equals + 1).replace(/\$\{(\d)\}/g, '$$$1'),
    };
  });
}
