/** The webhook of the cases' actions: a handler a route. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonHeader, type Stub, type StubAnswer, type StubRequest, startStub } from './http.ts';

/** Asks the server that is tested, as its administrator. */
export type AskServer = (query: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>;

interface Result {
  readonly status?: number;
  readonly body: unknown;
}

type Input = Readonly<Record<string, unknown>>;
type Route = (input: Input, ask: AskServer, request: StubRequest) => Result | Promise<Result>;

const slowMs = 3000;

export function startActionsStub(ask: AskServer): Promise<Stub> {
  return startStub(async (request): Promise<StubAnswer> => {
    const route = routes[request.path];
    if (!route) return { status: 204 };
    const { input } = request.body as { readonly input: Input };
    const { status = 200, body } = await route(input, ask, request);
    return { status, body: JSON.stringify(body), headers: [jsonHeader, ['Set-Cookie', 'abcd']] };
  });
}

const refused = (message: string, code: string): Result => ({ status: 400, body: { message, code } });
const invalidEmail = refused('Given email address is not valid', 'invalid-email');
const isEmail = (text: unknown): boolean => /^\w+([.-]?\w+)*@\w+([.-]?\w+)*(\.\w{2,3})+$/.test(String(text));

function dataOf(answer: unknown): Record<string, unknown> | null {
  const { data } = answer as { readonly data?: Record<string, unknown> };
  return data ?? null;
}

const failed = refused('GraphQL query execution failed', 'unexpected');

const createUser: Route = async ({ email, name }, ask) => {
  if (!isEmail(email)) return invalidEmail;
  const data = dataOf(
    await ask(
      'mutation ($email: String! $name: String!) { insert_user_one(object: {email: $email, name: $name}) { id } }',
      { email, name },
    ),
  );
  return data ? { body: data.insert_user_one } : failed;
};

const createUsers: Route = async ({ users }, ask) => {
  const list = users as readonly Input[];
  for (const { email } of list)
    if (!isEmail(email)) return refused(`Email address is not valid: ${String(email)}`, 'invalid-email');
  const data = dataOf(
    await ask(
      'mutation ($users: [user_insert_input!]!) { insert_user(objects: $users) { returning { id } } }',
      { users: list },
    ),
  );
  return data ? { body: (data.insert_user as { readonly returning: unknown }).returning } : failed;
};

async function usersByEmail({ email }: Input, ask: AskServer): Promise<readonly Input[] | Result> {
  if (!isEmail(email)) return invalidEmail;
  const data = dataOf(
    await ask('query ($email: String!) { user(where: {email: {_eq: $email}}, order_by: {id: asc}) { id } }', {
      email,
    }),
  );
  return data ? (data.user as readonly Input[]) : failed;
}

function usersRoute(shape: (users: readonly Input[]) => unknown): Route {
  return async (input, ask) => {
    const found = await usersByEmail(input, ask);
    return 'body' in found ? found : { body: shape(found as readonly Input[]) };
  };
}

const withAddresses = (user: Input): Input => ({
  ...user,
  address: { city: 'New York', country: 'USA' },
  addresses: [
    { city: 'Bangalore', country: 'India' },
    { city: 'Melbourne', country: 'Australia' },
  ],
  user_id: { id: user.id },
});

const constant =
  (body: unknown): Route =>
  () => ({ body });

const routes: Readonly<Record<string, Route>> = {
  '/create-user': createUser,
  '/create-user-timeout': async (input, ask, request) => {
    await sleep(slowMs);
    return await createUser(input, ask, request);
  },
  '/create-users': createUsers,
  '/create-user-nested': async (input, ask, request) => {
    const result = await createUser(input, ask, request);
    return result.status === undefined ? { body: { userObj: result.body } } : result;
  },
  '/mirror-action': ({ arg }) => ({ body: arg }),
  '/mirror-headers': (_input, _ask, { rawHeaders }) => ({
    body: { headers: rawHeaders.map(([name, value]) => ({ name, value })) },
  }),
  '/get-user-by-email': usersRoute(users => users[0]),
  '/get-user-by-email-nested': usersRoute(users => withAddresses(users[0]!)),
  '/get-users-by-email': usersRoute(users => users),
  '/get-users-by-email-nested': usersRoute(users => users.map(withAddresses)),
  '/intentional-error': ({ blob }) => ({ status: 400, body: blob }),
  '/null-response': constant(null),
  '/omitted-response-field': constant({ country: 'India' }),
  '/scalar-response': constant('some-string'),
  '/json-response': constant({ foo: 'bar' }),
  '/custom-scalar-array-response': constant([{ foo: 'bar' }]),
  '/scalar-array-response': constant(['foo', 'bar', null]),
  '/recursive-output': constant({
    direct: { id: 1, this: { id: 2, this: { id: 3 } } },
    list: { id: 1, these: [{ id: 2, these: [{ id: 3 }] }, { id: 4 }] },
    mutual: { id: 1, that: { id: 2, other: { id: 3, that: { id: 4 } } } },
  }),
  '/get-results': constant({ result_ids: [1, 2, 3, 4] }),
  '/typed-nested-null': constant({ id: 1, child: null }),
  '/typed-nested-null-wrong-field': constant({ id: null, child: null }),
  '/get_messages': constant([
    { content: 'baz', user_name: 'foo' },
    { content: 'foo', user_name: 'bar' },
  ]),
};
