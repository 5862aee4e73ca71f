/**
 * Media types: reading Accept and Content-Type, and writing Content-Type.
 * @see https://docs.postgrest.org/en/stable/references/api/resource_representation.html
 */

export type PlanOption = 'analyze' | 'verbose' | 'settings' | 'buffers' | 'wal';

export type MediaType =
  | { readonly kind: 'json' }
  | { readonly kind: 'geojson' }
  | { readonly kind: 'csv' }
  | { readonly kind: 'text' }
  | { readonly kind: 'xml' }
  | { readonly kind: 'openapi' }
  | { readonly kind: 'form' }
  | { readonly kind: 'octets' }
  | { readonly kind: 'any' }
  /** `application/vnd.pgrst.array+json;nulls=stripped`; without `nulls=stripped` it is `json`. */
  | { readonly kind: 'arrayStripped' }
  /** `application/vnd.pgrst.object+json`: exactly one row, as an object. */
  | { readonly kind: 'object'; readonly stripsNulls: boolean }
  /** The execution plan of what `for` would have returned. */
  | {
      readonly kind: 'plan';
      readonly for: MediaType;
      readonly format: 'json' | 'text';
      readonly options: readonly PlanOption[];
    }
  /** Anything else, as sent. */
  | { readonly kind: 'other'; readonly name: string };

export const jsonType: MediaType = { kind: 'json' };
const anyType: MediaType = { kind: 'any' };

const simpleTypes: Readonly<Record<string, MediaType>> = {
  'application/json': jsonType,
  'application/geo+json': { kind: 'geojson' },
  'text/csv': { kind: 'csv' },
  'text/plain': { kind: 'text' },
  'text/xml': { kind: 'xml' },
  'application/openapi+json': { kind: 'openapi' },
  'application/x-www-form-urlencoded': { kind: 'form' },
  'application/octet-stream': { kind: 'octets' },
  '*/*': anyType,
};

const planOptions: readonly PlanOption[] = ['analyze', 'verbose', 'settings', 'buffers', 'wal'];

/** More than any client wants; the rest is not looked at. */
const maxAcceptedTypes = 64;

/** `for` may nest; nothing real goes deeper than one. */
const maxPlanNesting = 4;

/**
 * Reads one media type; what is not known becomes `other`. Pure, never throws.
 * @example parseMediaType('application/vnd.pgrst.object+json;nulls=stripped') // { kind: 'object', stripsNulls: true }
 */
export function parseMediaType(text: string, nesting = 0): MediaType {
  const simple = simpleTypes[text];
  if (simple) return simple;
  const tokens = tokenize(text);
  if (!tokens) return { kind: 'other', name: text };
  const { name, parameters } = tokens;
  const stripsNulls = parameters.get('nulls') === 'stripped';
  switch (name) {
    case 'application/vnd.pgrst.object':
    case 'application/vnd.pgrst.object+json':
      return { kind: 'object', stripsNulls };
    case 'application/vnd.pgrst.array':
    case 'application/vnd.pgrst.array+json':
      return stripsNulls ? { kind: 'arrayStripped' } : jsonType;
    case 'application/vnd.pgrst.plan':
    case 'application/vnd.pgrst.plan+text':
    case 'application/vnd.pgrst.plan+json': {
      if (nesting >= maxPlanNesting) return { kind: 'other', name: text };
      const wanted = (parameters.get('options') ?? '').split('|');
      return {
        kind: 'plan',
        for: parseMediaType(parameters.get('for') ?? 'application/json', nesting + 1),
        format: name.endsWith('+json') ? 'json' : 'text',
        options: planOptions.filter(option => wanted.includes(option)),
      };
    }
  }
  return simpleTypes[name] ?? { kind: 'other', name: text };
}

/** Type and subtype in lower case, parameters by lower-case name (the last of a name wins). */
function tokenize(text: string): { name: string; parameters: Map<string, string> } | null {
  const head = /^([\p{L}\p{N}.*]+)\/([\p{L}\p{N}.*+-]+)/u.exec(text);
  if (!head) return null;
  const parameters = new Map<string, string>();
  const parameter = /\s*;\s*([\p{L}\p{N}-]+)\s*=\s*(?:"([^"]*)"|([\p{L}\p{N}|-]+))/uy;
  parameter.lastIndex = head[0].length;
  for (let match = parameter.exec(text); match; match = parameter.exec(text)) {
    parameters.set(match[1]!.toLowerCase(), match[2] ?? match[3]!);
  }
  return { name: `${head[1]}/${head[2]}`.toLowerCase(), parameters };
}

/**
 * The types of an Accept header, most wanted first: by quality, then by specificity (parameters count up, stars down),
 * then as sent. Absent, anything goes.
 */
export function parseAccept(header: string | undefined): readonly MediaType[] {
  if (header === undefined) return [anyType];
  const single = simpleTypes[header];
  if (single) return [single];
  if (header === '') return [];
  return header
    .split(',', maxAcceptedTypes)
    .map(part => {
      const compact = part.replaceAll(' ', '');
      const at = compact.indexOf(';q=');
      const text = at < 0 ? compact : compact.slice(0, at);
      return {
        text,
        quality: readQuality(at < 0 ? '' : compact.slice(at + 3)),
        specificity: specificity(text),
      };
    })
    .sort((a, b) => b.quality - a.quality || b.specificity - a.specificity)
    .map(({ text }) => parseMediaType(text));
}

const readQuality = (text: string): number => {
  const number = /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(text);
  return number ? Number(number[0]) : 1;
};

function specificity(text: string): number {
  let score = 0;
  for (const char of text) score += char === ';' ? 1 : char === '*' ? -1 : 0;
  return score;
}

/** The type's name, as in Content-Type but without a charset. */
export function renderMime(type: MediaType): string {
  switch (type.kind) {
    case 'json':
      return 'application/json';
    case 'geojson':
      return 'application/geo+json';
    case 'csv':
      return 'text/csv';
    case 'text':
      return 'text/plain';
    case 'xml':
      return 'text/xml';
    case 'openapi':
      return 'application/openapi+json';
    case 'form':
      return 'application/x-www-form-urlencoded';
    case 'octets':
      return 'application/octet-stream';
    case 'any':
      return '*/*';
    case 'arrayStripped':
      return 'application/vnd.pgrst.array+json;nulls=stripped';
    case 'object':
      return `application/vnd.pgrst.object+json${type.stripsNulls ? ';nulls=stripped' : ''}`;
    case 'plan': {
      const options = type.options.length === 0 ? '' : `; options=${type.options.join('|')}`;
      return `application/vnd.pgrst.plan+${type.format}; for="${renderMime(type.for)}"${options}`;
    }
    case 'other':
      return type.name;
  }
}

/** The value of Content-Type: text forms carry their charset, binary and unknown ones none. */
export function renderContentType(type: MediaType): string {
  return type.kind === 'octets' || type.kind === 'other'
    ? renderMime(type)
    : `${renderMime(type)}; charset=utf-8`;
}
