/** Remote schemas of the cases, by the path that each is served at, and those that come with a service of their own. */
import { GraphQLError, type IntrospectionQuery } from 'graphql';

/** Type definitions with what answers them; fields without a resolver are members of their object. */
export interface RemoteSchemaStub {
  readonly sdl: string;
  readonly root: Readonly<Record<string, unknown>>;
  /** The type of an object of an interface or union. */
  readonly typeOf?: (value: unknown) => string;
  /** What of the introspection is told otherwise than it is. */
  readonly distort?: (introspection: IntrospectionQuery) => void;
  readonly headers?: readonly (readonly [string, string])[];
  /** Members beside `data`. */
  readonly extensions?: unknown;
  /** Answers with the request itself in place of this field. */
  readonly echoIn?: string;
  /** Refuses a request whose headers are not as expected. */
  readonly expectHeaders?: Readonly<Record<string, string>>;
}

interface Given {
  readonly [name: string]: unknown;
}

const hello: RemoteSchemaStub = {
  sdl: `schema { query: Hello subscription: Hello }
    type Hello { hello(arg: String = "world"): String delayedHello(arg: String = "world"): String }`,
  root: {
    hello: ({ arg }: Given) => `Hello ${String(arg)}`,
    delayedHello: ({ arg }: Given) => `Hello ${String(arg)}`,
  },
};

const users = [
  { id: 1, username: 'jane' },
  { id: 2, username: 'john' },
  { id: 3, username: 'joe' },
].map(userOf);

function userOf(user: Given) {
  return {
    ...user,
    generateError: () => new GraphQLError('Cannot query field "generateError" on type "User".'),
  };
}

function addUser(user: Given) {
  const added = userOf(user);
  users.push(added as (typeof users)[number]);
  return { ok: true, user: added };
}

const character = (id: number, name: string) => ({ id: String(id), name });
const droid = (id: number) => ({ ...character(id, 'R2-D2'), primaryFunction: 'Astromech' });
const human = (id: number) => ({
  ...character(id, 'Luke Skywalker'),
  homePlanet: 'Tatooine',
  droid: droid(1),
});
const characters: Readonly<Record<number, unknown>> = { 4: droid(1), 5: human(2) };
const found: Readonly<Record<number, unknown>> = { 1: droid(6), 2: human(7) };
const typeOfCharacter = (value: unknown): string =>
  'primaryFunction' in (value as object) ? 'Droid' : 'Human';

const characterTypes = `
  type Droid implements Character { id: ID! name: String! primaryFunction: String }
  type Human implements Character { id: ID! name: String! homePlanet: String droid: Droid }
  interface Character { id: ID! name: String! }`;

const characterInterface: RemoteSchemaStub = {
  sdl: `schema { query: CharacterIFaceQuery }
    type CharacterIFaceQuery { hero(episode: Int!): Character heroes: [Character] heroByArgs(arguments: CharacterInputArgs!): Character }
    input CharacterInputArgs { episode: Int! } ${characterTypes}`,
  root: {
    hero: ({ episode }: Given) => characters[episode as number],
    heroes: () => Object.values(characters),
    heroByArgs: (given: Given) => characters[(given.arguments as { readonly episode: number }).episode],
  },
  typeOf: typeOfCharacter,
};

const union: RemoteSchemaStub = {
  sdl: `schema { query: UnionQuery } type UnionQuery { search(episode: Int!): CharacterSearchResult }
    union CharacterSearchResult = Human | Droid ${characterTypes}`,
  root: { search: ({ episode }: Given) => found[episode as number] },
  typeOf: typeOfCharacter,
};

type AnyType = { readonly kind: string; readonly name: string } & {
  fields: { name: string; args: unknown[]; type: { ofType: { name: string } } }[];
  interfaces: { name: string }[];
  possibleTypes: { name: string; kind: string; ofType?: unknown }[];
};

function distorted(
  schema: RemoteSchemaStub,
  isConcerned: (type: AnyType) => boolean,
  change: (type: AnyType) => void,
): RemoteSchemaStub {
  return {
    ...schema,
    distort: introspection => {
      for (const type of introspection.__schema.types as unknown as AnyType[])
        if (isConcerned(type)) change(type);
    },
  };
}

const isKind = (kind: string) => (type: AnyType) => type.kind === kind;
const isNamed =
  (...names: string[]) =>
  (type: AnyType) =>
    names.includes(type.name);
const idOf = (type: AnyType) => type.fields.find(({ name }) => name === 'id')!;
const argument = (name: string, of: string) => ({
  name,
  description: null,
  type: { kind: 'NON_NULL', name: null, ofType: { kind: 'SCALAR', name: of, ofType: null } },
  defaultValue: null,
});

const echo: RemoteSchemaStub = {
  sdl: `schema { query: EchoQuery }
    type EchoQuery { echo(intInput: Int = 1234, listInput: [String] = ["hi", "there"],
      objInput: SizeInput = {width: 100, height: 100.1, shape: "cube", hasTag: false}, enumInput: Color = RED,
      rIntInput: Int! = 1234, rListInput: [String]! = ["general", "Kenobi"],
      rObjInput: SizeInput! = {width: 100, height: 100.1, shape: "cube", hasTag: false}, rEnumInput: Color! = RED): Echo }
    type Echo { intFld: Int listFld: [String] objFld: SizeObj enumFld: Color }
    type SizeObj { width: Int height: Float shape: String hasTag: Boolean }
    input SizeInput { width: Int = 100 height: Float = 100.1 shape: String = "cube" hasTag: Boolean = false }
    enum Color { RED GREEN BLUE }`,
  root: {
    echo: ({ intInput, listInput, objInput, enumInput }: Given) => ({
      intFld: intInput,
      listFld: listInput,
      objFld: objInput,
      enumFld: enumInput,
    }),
  },
};

const sampleAuth =
  'schema { query: SampleAuth subscription: SampleAuth } type SampleAuth { hello(arg: String = "world"): String }';
const sampleHeaders = [
  ['Set-Cookie', 'abcd'],
  ['Custom-Header', 'custom-value'],
] as const;

const big = {
  hello: 'Hello',
  big: () => big,
  many: ({ arg }: Given) => Array.from({ length: arg as number }, () => big),
};

/** By path, as the Python server of the suite serves them. */
export const pythonSchemas: Readonly<Record<string, RemoteSchemaStub>> = {
  '/hello-graphql': hello,
  '/hello-echo-request-graphql': { ...hello, echoIn: 'hello' },
  '/hello-graphql-extensions': { ...hello, extensions: { message: 'an extra field in response object' } },
  '/user-graphql': {
    sdl: `schema { query: UserQuery mutation: UserMutation }
      type UserQuery { user(id: Int!, userInfo: [UserDetailsInput]): User allUsers: [User] }
      type UserMutation { createUser(id: Int!, username: String!): CreateUser createUserInputObj(userData: UserDetailsInput!): CreateUserInputObject }
      type User { id: Int username: String generateError: String }
      input UserDetailsInput { id: Int! username: String! }
      type CreateUser { ok: Boolean user: User } type CreateUserInputObject { ok: Boolean user: User }`,
    root: {
      user: ({ id }: Given) => users.find(each => (each as Given).id === id),
      allUsers: () => users,
      createUser: (given: Given) => addUser({ ...given }),
      createUserInputObj: ({ userData }: Given) => addUser({ ...(userData as Given) }),
    },
  },
  '/country-graphql': {
    sdl: 'schema { query: CountryQuery } type CountryQuery { country: Country } type Country { name: String }',
    root: { country: { name: 'India' } },
  },
  '/character-iface-graphql': characterInterface,
  '/iface-graphql-err-empty-field-list': distorted(characterInterface, isKind('INTERFACE'), type => {
    type.fields = [];
  }),
  '/iface-graphql-err-unknown-iface': distorted(characterInterface, isNamed('Droid'), type => {
    type.interfaces[0]!.name = 'UnknownIFace';
  }),
  '/iface-graphql-err-missing-field': distorted(characterInterface, isNamed('Droid'), type => {
    type.fields = type.fields.filter(({ name }) => name !== 'id');
  }),
  '/iface-graphql-err-wrong-field-type': distorted(characterInterface, isNamed('Droid'), type => {
    idOf(type).type.ofType.name = 'String';
  }),
  '/iface-graphql-err-missing-arg': distorted(characterInterface, isKind('INTERFACE'), type => {
    idOf(type).args.push(argument('ifaceArg', 'Int'));
  }),
  // One object is shared by all of them in the original, so that the type is wrong nowhere but in the human.
  '/iface-graphql-err-wrong-arg-type': distorted(
    characterInterface,
    isNamed('Character', 'Droid', 'Human'),
    type => {
      idOf(type).args.push(argument('ifaceArg', type.name === 'Human' ? 'String' : 'Int'));
    },
  ),
  '/iface-graphql-err-extra-non-null-arg': distorted(characterInterface, isNamed('Droid'), type => {
    idOf(type).args.push(argument('extraArg', 'Int'));
  }),
  '/union-graphql': union,
  '/union-graphql-err-unknown-types': distorted(union, isKind('UNION'), type => {
    for (const [i, each] of type.possibleTypes.entries()) each.name = `Unknown${i}`;
  }),
  '/union-graphql-err-subtype-iface': distorted(union, isKind('UNION'), type => {
    for (const each of type.possibleTypes) each.name = 'Character';
  }),
  '/union-graphql-err-no-member-types': distorted(union, isKind('UNION'), type => {
    type.possibleTypes = [];
  }),
  '/union-graphql-err-wrapped-type': distorted(union, isKind('UNION'), type => {
    type.possibleTypes = type.possibleTypes.map(
      each => ({ kind: 'NON_NULL', name: null, ofType: each }) as never,
    );
  }),
  '/default-value-echo-graphql': echo,
  '/person-graphql': {
    sdl: `schema { query: PersonQuery } scalar timestamptz
      type PersonQuery { person_: person } type person { id: Int! name: String created: timestamptz }`,
    root: { person_: { id: 42, name: 'Arthur Dent', created: '2018-12-20' } },
  },
  '/header-graphql': {
    sdl: 'schema { query: HeaderTest } type HeaderTest { wassup(arg: String = "world"): String }',
    root: { wassup: ({ arg }: Given) => `Hello ${String(arg)}` },
    expectHeaders: {
      authorization: 'Bearer abcdef',
      'content-type': 'application/json',
      'x-hasura-role': 'user',
      'x-hasura-test': 'abcd',
      'x-hasura-user-id': 'abcd1234',
    },
  },
  '/messages-graphql': {
    sdl: `schema { query: MessagesQuery } type MessagesQuery { message(id: Int!): Message messages: [Message] }
      type Message { id: Int msg: String }`,
    root: {
      message: ({ id }: Given) =>
        [
          { id: 1, msg: 'You win!' },
          { id: 2, msg: 'You lose!' },
        ].find(each => each.id === id),
      messages: [
        { id: 1, msg: 'You win!' },
        { id: 2, msg: 'You lose!' },
      ],
    },
  },
  '/auth-graphql': { ...hello, sdl: sampleAuth, headers: sampleHeaders },
  '/json-scalar-graphql': {
    sdl: 'schema { query: JsonQuery } scalar Json type JsonQuery { jsonTest: Json }',
    root: { jsonTest: { 'foo\\': 'bar', '"foo"': 'bar' } },
  },
  '/big': {
    sdl: `schema { query: BigQuery } type BigQuery { start: Big } interface BigInterface { hello: String }
      type Big implements BigInterface { hello: String big: BigInterface many(arg: Int = 10): [BigInterface] }`,
    root: { start: big },
    typeOf: () => 'Big',
    headers: sampleHeaders,
  },
};
