/** What the client's headers decide: formats by Accept, size and density by hints. Pure. */
import type { FeaturesConfig } from '../config/answers.ts';
import type { Format } from '../formats.ts';
import type { Options } from '../options/types.ts';
import { shrink } from '../plan/rounding.ts';

type Headers = Readonly<Record<string, string | undefined>>;

const maxDpr = 8;

/** The options that a request begins with. A weight does not count: whoever names a format takes it. */
export function readFeatures(headers: Headers, config: FeaturesConfig): Options {
  const accept = headers.accept ?? '';
  const takes = (format: string, auto: boolean, enforce: boolean): boolean =>
    (auto || enforce) && accept.includes(`image/${format}`);
  const webp = takes('webp', config.autoWebp, config.enforceWebp);
  const avif = takes('avif', config.autoAvif, config.enforceAvif);
  const options: Options = {
    prefer: {
      webp,
      avif,
      jxl: false,
      enforceWebp: webp && config.enforceWebp,
      enforceAvif: avif && config.enforceAvif,
      enforceJxl: false,
    },
  };
  return config.clientHints ? { ...options, ...readHints(headers) } : options;
}

function readHints(headers: Headers): Options {
  const dpr = firstOf(['sec-ch-dpr', 'dpr'], headers, text => {
    const value = /^\d{1,5}(?:\.\d{0,15})?$/.test(text) ? Number(text) : 0;
    return value > 0 && value <= maxDpr ? value : undefined;
  });
  const width = firstOf(['sec-ch-width', 'width'], headers, text =>
    /^\+?\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : undefined,
  );
  return {
    ...(dpr !== undefined && { dpr }),
    ...(width !== undefined && { width: shrink(width, dpr ?? 1) }),
  };
}

function firstOf(
  names: readonly string[],
  headers: Headers,
  parse: (text: string) => number | undefined,
): number | undefined {
  for (const name of names) {
    const value = parse(headers[name] ?? '');
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Headers that an answer depends on; empty for none. */
export function varyOf(config: FeaturesConfig): string {
  const negotiates = config.autoWebp || config.autoAvif || config.enforceWebp || config.enforceAvif;
  return [
    ...(negotiates ? ['Accept'] : []),
    ...(config.clientHints ? ['Sec-CH-DPR', 'DPR', 'Sec-CH-Width', 'Width'] : []),
  ].join(', ');
}

/** Formats that `best` may choose, of those that the client says it takes. */
export function acceptedFormats(headers: Headers): readonly Format[] {
  const accept = headers.accept ?? '';
  return (['avif', 'webp'] as const).filter(format => accept.includes(`image/${format}`));
}
