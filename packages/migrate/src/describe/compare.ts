/** Where two databases differ, by their descriptions. Pure. */
import type { DescribedObject, Description } from './describe.ts';

export interface Difference {
  /** `index public.films_key`. */
  readonly name: string;
  readonly kind: 'missing' | 'surplus' | 'other';
  /** What is other in it: a phrase for each property. */
  readonly how: readonly string[];
}

/** What is not as wanted. The parts of a relation that is missing, or too many, are not told of as well. */
export function compareDescriptions(wanted: Description, made: Description): readonly Difference[] {
  const all = [
    ...absent(wanted, made).map(({ name }): Difference => ({ name, kind: 'missing', how: [] })),
    ...absent(made, wanted).map(({ name }): Difference => ({ name, kind: 'surplus', how: [] })),
    ...[...wanted].flatMap(([name, { text }]): Difference[] => {
      const is = made.get(name)?.text;
      return is === undefined || is === text
        ? []
        : [{ name, kind: 'other', how: differingProperties(text, is) }];
    }),
  ];
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @example differenceText({ name: 'table public.t', kind: 'missing', how: [] }) // 'table public.t is missing' */
export function differenceText({ name, kind, how }: Difference): string {
  switch (kind) {
    case 'missing':
      return `${name} is missing`;
    case 'surplus':
      return `${name} is too many`;
    case 'other':
      return `${name}: ${how.join('; ')}`;
  }
}

/** What one has and the other has not, without the parts of such relations. */
function absent(all: Description, others: Description): readonly DescribedObject[] {
  const gone = [...all.values()].filter(({ name }) => !others.has(name));
  const relations = new Set(gone.flatMap(({ object, relation }) => (relation === null ? [object] : [])));
  return gone.filter(({ relation }) => relation === null || !relations.has(relation));
}

/** Longer texts, such as a function's, would hide what is said. */
const MAX_SHOWN = 120;

function differingProperties(wanted: string, made: string): readonly string[] {
  const [should, is] = [wanted, made].map(text => JSON.parse(text) as Record<string, unknown>);
  const names = new Set([...Object.keys(should!), ...Object.keys(is!)]);
  return [...names].flatMap(name =>
    should![name] === is![name] ? [] : [`${name} is ${shown(is![name])}, wanted is ${shown(should![name])}`],
  );
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  const text = String(value).replaceAll(/\s+/g, ' ');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
