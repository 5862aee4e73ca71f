/** Codings the edge can make, the best first: measured, zstd is both the quickest and the smallest on JSON. */
export const ENCODINGS = ['zstd', 'br', 'gzip'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/**
 * The coding for an Accept-Encoding: what the client likes best, the better coding among equals; null when it wants none.
 * A coding that isn't named counts as `*`, and without that as unwanted. Pure.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function negotiateEncoding(acceptEncoding: string | undefined): Encoding | null {
  if (acceptEncoding === undefined) return null;
  const weights = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map(text => text.trim());
    const quality = parameters.find(parameter => /^q\s*=/.test(parameter));
    const weight = quality === undefined ? 1 : Number(quality.slice(quality.indexOf('=') + 1));
    if (name !== '') weights.set(name, weight >= 0 && weight <= 1 ? weight : 0);
  }
  const any = weights.get('*') ?? 0;
  let best: Encoding | null = null;
  // As it is counts as liked as the least of the others unless the client says how much it likes that.
  let most = weights.get('identity') ?? 0;
  for (const encoding of ENCODINGS) {
    const weight = weights.get(encoding) ?? any;
    if (weight === 0 || (best === null ? weight < most : weight <= most)) continue;
    best = encoding;
    most = weight;
  }
  return best;
}
