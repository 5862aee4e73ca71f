/** Remote schemas about messages, which the suite runs as services of their own. */
import { GraphQLError } from 'graphql';
import type { RemoteSchemaStub } from './graphqlSchemas.ts';

interface Message {
  readonly id: number;
  readonly name: string;
  readonly msg: string;
  errorMsg(): never;
}

type Comparison<T> = { readonly eq?: T; readonly gt?: T; readonly lt?: T };

interface Filter {
  readonly id?: Comparison<number> | null;
  readonly name?: Comparison<string> | null;
}

interface Includes {
  readonly id?: readonly number[] | null;
  readonly name?: readonly string[] | null;
}

const message = (id: number, name: string, msg: string): Message => ({
  id,
  name,
  msg,
  errorMsg() {
    throw new GraphQLError('intentional-error');
  },
});

const messages: readonly Message[] = [
  message(1, 'alice', 'You win!'),
  message(2, 'bob', 'You lose!'),
  message(3, 'alice', 'Another alice'),
];

function matches<T extends number | string>(value: T, comparison: Comparison<T> | null | undefined): boolean {
  const { eq, gt, lt } = comparison ?? {};
  return (
    (eq === undefined || value === eq) && (gt === undefined || value > gt) && (lt === undefined || value < lt)
  );
}

function select(
  from: readonly Message[],
  where: Filter | null | undefined,
  includes: Includes | null | undefined,
): readonly Message[] {
  return from.filter(
    ({ id, name }) =>
      matches(id, where?.id) &&
      matches(name, where?.name) &&
      (includes?.id?.includes(id) ?? true) &&
      (includes?.name?.includes(name) ?? true),
  );
}

const userOf = (id: unknown) => ({
  user_id: Number(id),
  userMessages: ({ whered, includes }: { readonly whered?: Filter; readonly includes?: Includes }) =>
    select(
      messages.filter(each => each.id === Number(id)),
      whered,
      includes,
    ),
  gimmeText: ({ text }: { readonly text?: string | null }) => text || 'no text',
});

const messageTypes = `
  type User { user_id: Int userMessages(whered: MessageWhereInpObj, includes: IncludeInpObj): [Message] gimmeText(text: String): String }
  interface Communication { id: Int! msg: String! }
  type Message implements Communication { id: Int! name: String! msg: String! errorMsg: String }
  input MessageWhereInpObj { id: IntCompareObj name: StringCompareObj }
  input IntCompareObj { eq: Int gt: Int lt: Int }
  input StringCompareObj { eq: String }
  input IncludeInpObj { id: [Int] name: [String] }`;

const messageRoots = {
  hello: 'world',
  message: ({ id }: { readonly id: number }) => messages.find(each => each.id === id),
  messages: ({ where, includes }: { readonly where?: Filter; readonly includes?: Includes }) =>
    select(messages, where, includes),
  user: ({ user_id }: { readonly user_id: unknown }) => userOf(user_id),
  users: ({ user_ids }: { readonly user_ids: readonly unknown[] }) => user_ids.map(userOf),
  communications: ({ id }: { readonly id?: number | null }) =>
    id ? messages.filter(each => each.id === id) : messages,
};

const works: Readonly<Record<number, object>> = {
  1: { title: 'Harry Porter and the prisoner of Azkaban' },
  2: { name: 'J.K. Rowling' },
  3: { title: "Harry Porter and the philoshoper's stone" },
};

function occupationOf(name: string): string {
  if (name === 'alice') return 'SINGER';
  if (name === 'bob') return 'ARTIST';
  throw new GraphQLError(`invalid argument - ${name}`);
}

/** With users, messages, books and occupations. */
export const messagesSchema: RemoteSchemaStub = {
  sdl: `${messageTypes}
    union SearchResult = Book | Author
    type Book { title: String } type Author { name: String }
    enum Occupation { SINGER COMEDIAN ARTIST }
    type Query { hello: String messages(where: MessageWhereInpObj, includes: IncludeInpObj): [Message] user(user_id: ID!): User
      users(user_ids: [ID]!): [User] message(id: Int!): Message communications(id: Int): [Communication]
      search(id: Int!): SearchResult getOccupation(name: ID!): Occupation! getGrade(marks: Int!): String }`,
  root: {
    ...messageRoots,
    search: ({ id }: { readonly id: number }) => works[id],
    getOccupation: ({ name }: { readonly name: string }) => occupationOf(name),
    getGrade: ({ marks }: { readonly marks: number }) => (marks > 90 ? 'S' : marks > 80 ? 'A' : 'B'),
  },
  typeOf: value => ('msg' in (value as object) ? 'Message' : 'name' in (value as object) ? 'Author' : 'Book'),
};

const welcomes = [
  message(1, 'Clarke', 'Welcome to the team, Clarke'),
  message(2, 'Alice', 'Welcome to the team, Alice'),
];

/** What actions are joined with. */
export const welcomeSchema: RemoteSchemaStub = {
  sdl: `interface Communication { id: Int! msg: String! }
    type Message implements Communication { id: Int! name: String! msg: String! errorMsg: String }
    type Query { hello: String message(id: Int!): Message }`,
  root: {
    hello: 'world',
    message: ({ id }: { readonly id: number }) => welcomes.find(each => each.id === id),
  },
  typeOf: () => 'Message',
};

/** For permissions. The third of its kind has another type for a user's id. */
export function permissionsSchema(idType: 'Int' | 'Float'): RemoteSchemaStub {
  return {
    sdl: `${messageTypes.replace('user_id: Int', `user_id: ${idType}`)}
      enum MessageStatus { READ DELIVERED SENT }
      type Person implements Name { firstName: String lastName: String age: Int }
      input Dimensions { height: Int width: Int }
      type Photo { height: Int width: Int }
      type SearchQuery { firstSearchResult: SearchResult }
      union SearchResult = Photo | Person
      interface Name { firstName: String lastName: String }
      type Query { hello: String messages(where: MessageWhereInpObj, includes: IncludeInpObj): [Message] user(user_id: Int!): User
        users(user_ids: [Int]!): [User] message(id: Int!): Message communications(id: Int): [Communication]
        profilePicture(dimensions: Dimensions): Photo }`,
    root: {
      ...messageRoots,
      profilePicture: ({ dimensions }: { readonly dimensions?: object }) => dimensions,
    },
    typeOf: () => 'Message',
  };
}
