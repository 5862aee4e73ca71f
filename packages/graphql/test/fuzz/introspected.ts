/** A role's schema as introspection tells it. */
import type { GraphqlServer } from '../support/server.ts';

export interface TypeRef {
  readonly kind: string;
  readonly name: string | null;
  readonly ofType: TypeRef | null;
}

export interface InputValue {
  readonly name: string;
  readonly type: TypeRef;
}

export interface Field extends InputValue {
  readonly args: readonly InputValue[];
}

export interface Type {
  readonly kind: string;
  readonly name: string;
  readonly fields: readonly Field[] | null;
  readonly inputFields: readonly InputValue[] | null;
  readonly enumValues: readonly { readonly name: string }[] | null;
}

export interface Introspected {
  readonly types: ReadonlyMap<string, Type>;
  readonly roots: Readonly<Record<'query' | 'mutation' | 'subscription', string | null>>;
  /** As it came. */
  readonly text: string;
}

const type =
  'type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }';
const query = `{ __schema { queryType { name } mutationType { name } subscriptionType { name }
  types { kind name fields { name args { name ${type} } ${type} } inputFields { name ${type} } enumValues { name } } } }`;

interface Told {
  readonly data: {
    readonly __schema: {
      readonly types: readonly Type[];
    } & Readonly<Record<'queryType' | 'mutationType' | 'subscriptionType', { readonly name: string } | null>>;
  };
}

export async function introspect(server: GraphqlServer, role: string): Promise<Introspected> {
  const answer = (await server.graphql(query, { role })) as Told;
  const { types, queryType, mutationType, subscriptionType } = answer.data.__schema;
  return {
    types: new Map(types.map(each => [each.name, each])),
    roots: {
      query: queryType?.name ?? null,
      mutation: mutationType?.name ?? null,
      subscription: subscriptionType?.name ?? null,
    },
    text: JSON.stringify(answer),
  };
}

/** Beneath lists and non-null. */
export function namedType(ref: TypeRef): string {
  return ref.ofType ? namedType(ref.ofType) : (ref.name ?? '');
}
