/** What goes to a remote schema beside a query's text, and how its answer is shown. Pure. */
import type { Session } from '../auth/types.ts';
import { HasuraError } from '../errors.ts';
import { numberOf } from '../ir/json.ts';
import { baseName } from '../ir/typeRef.ts';
import type { TypenamePlaces } from '../joins/types.ts';
import type { SessionValue } from '../remote/types.ts';

/** @throws {HasuraError} for what the session has not, or has otherwise */
export function sessionVariables(
  sessionValues: ReadonlyMap<string, SessionValue>,
  { variables }: Pick<Session, 'variables'>,
): Record<string, unknown> | null {
  if (sessionValues.size === 0) return null;
  return Object.fromEntries(
    [...sessionValues].map(([name, { session, type }]) => {
      const text = variables.get(session);
      if (text === undefined) throw new HasuraError('not-found', `missing session variable: "${session}"`);
      return [name, readSessionValue(text, baseName(type))];
    }),
  );
}

const readers: Readonly<Record<string, readonly [fits: RegExp, read: (text: string) => unknown]>> = {
  Int: [/^-?\d+$/, numberOf],
  Float: [/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/, numberOf],
  Boolean: [/^(?:true|false)$/, text => text === 'true'],
};

function readSessionValue(text: string, type: string): unknown {
  const [fits, read] = (Object.hasOwn(readers, type) && readers[type]) || [];
  if (!fits || !read) return text;
  if (fits.test(text)) return read(text);
  throw new HasuraError('coercion-error', `${JSON.stringify(text)} cannot be coerced into an ${type} value`);
}

/** With names of types as clients know them. */
export function renamed(value: unknown, places: TypenamePlaces, name: (type: string) => string): unknown {
  if (Array.isArray(value)) return value.map(each => renamed(each, places, name));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([alias, member]) => {
      if (places.aliases.has(alias) && typeof member === 'string') return [alias, name(member)];
      const below = places.below.get(alias);
      return [alias, below ? renamed(member, below, name) : member];
    }),
  );
}
