/** Directives that a document may use, where, and with which arguments. */
import { runWhole } from '@peakstone/kernel/pace';
import type { DirectiveNode } from 'graphql/language/index.js';
import type { Path } from '../errors.ts';
import { inputField } from '../schema/inputField.ts';
import { type InputFieldDef, named } from '../schema/types.ts';
import { readFields } from './input.ts';
import { type Given, type Input, type InputContext, refuse } from './values.ts';

export type DirectiveLocation =
  | 'QUERY'
  | 'MUTATION'
  | 'SUBSCRIPTION'
  | 'FIELD'
  | 'FRAGMENT_SPREAD'
  | 'INLINE_FRAGMENT';

export interface DirectiveDef {
  readonly name: string;
  readonly description: string | null;
  readonly locations: readonly DirectiveLocation[];
  readonly args: ReadonlyMap<string, InputFieldDef>;
  /** Whether introspection shows it. */
  readonly isShown: boolean;
}

const condition = new Map([['if', inputField('if', named('Boolean', true))]]);
const selections: readonly DirectiveLocation[] = ['FIELD', 'FRAGMENT_SPREAD', 'INLINE_FRAGMENT'];

/** In the order in which introspection shows them. */
export const directives: readonly DirectiveDef[] = [
  {
    name: 'include',
    description: 'whether this query should be included',
    locations: selections,
    args: condition,
    isShown: true,
  },
  {
    name: 'skip',
    description: 'whether this query should be skipped',
    locations: selections,
    args: condition,
    isShown: true,
  },
  {
    name: 'cached',
    description: 'whether this query should be cached (Hasura Cloud only)',
    locations: ['QUERY'],
    args: new Map([
      [
        'ttl',
        inputField(
          'ttl',
          named('Int', true),
          { kind: 'argument' },
          { default: '60', description: 'measured in seconds' },
        ),
      ],
      [
        'refresh',
        inputField(
          'refresh',
          named('Boolean', true),
          { kind: 'argument' },
          { default: 'false', description: 'refresh the cache entry' },
        ),
      ],
    ]),
    isShown: true,
  },
  {
    name: '_multiple_top_level_fields',
    description: 'INTERNAL TESTING TOOL DO NOT USE',
    locations: ['SUBSCRIPTION'],
    args: new Map(),
    isShown: false,
  },
];

const places: Readonly<Record<DirectiveLocation, string>> = {
  QUERY: 'a query',
  MUTATION: 'a mutation',
  SUBSCRIPTION: 'a subscription',
  FIELD: 'a field',
  FRAGMENT_SPREAD: 'a fragment spread',
  INLINE_FRAGMENT: 'an inline fragment',
};

export interface ReadDirectives {
  readonly skip?: boolean;
  readonly include?: boolean;
  readonly cached?: { readonly ttlSeconds: number; readonly refresh: boolean };
  readonly multipleRoots?: boolean;
}

/** @throws {HasuraError} for one that is unknown, in the wrong place, or there twice */
export function readDirectives(
  nodes: readonly DirectiveNode[] | undefined,
  location: DirectiveLocation,
  context: InputContext,
  path: Path,
): ReadDirectives {
  const read: { -readonly [Key in keyof ReadDirectives]: ReadDirectives[Key] } = {};
  const seen = new Set<string>();
  for (const node of nodes ?? []) {
    const name = node.name.value;
    const def = directives.find(each => each.name === name);
    if (!def) throw refuse(`directive '${name}' is not defined in the schema`, path);
    if (!def.locations.includes(location))
      throw refuse(`directive '${name}' is not allowed on ${places[location]}`, path);
    const at = [...path, name];
    const given = new Map<string, Given>();
    for (const { name: argument, value } of node.arguments ?? []) {
      if (!def.args.has(argument.value))
        throw refuse(`'${name}' has no argument named '${argument.value}'`, at);
      given.set(argument.value, { kind: 'node', node: value });
    }
    const args: Record<string, Input> = {};
    for (const field of runWhole(readFields(context, def.args, given, [...at, 'args'])))
      args[field.def.name] = field.value;
    if (seen.has(name)) throw refuse(`the following directives are used more than once: ['${name}']`, path);
    seen.add(name);
    if (name === 'skip' || name === 'include') read[name] = jsonOf(args.if) === true;
    if (name === 'cached')
      read.cached = { ttlSeconds: Number(jsonOf(args.ttl)), refresh: jsonOf(args.refresh) === true };
    if (name === '_multiple_top_level_fields') read.multipleRoots = true;
  }
  return read;
}

function jsonOf(input: Input | undefined): unknown {
  return input?.kind === 'scalar' ? input.value : undefined;
}
