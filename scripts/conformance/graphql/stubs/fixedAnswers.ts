/** A remote schema whose answers a header picks: data, errors, or both. */
import { buildSchema, graphql } from 'graphql';
import { jsonHeader, type Stub, startStub } from './http.ts';

const schema = buildSchema(`
  schema { query: query_root }
  type query_root { test: [test!]! }
  type test { id: Int! created_at: timestamptz! }
  scalar timestamptz`);

const data = {
  test: [
    { id: 1, created_at: '2023-12-04T08:14:52.1851+00:00' },
    { id: 2, created_at: '2023-12-04T08:14:52.680052+00:00' },
    { id: 3, created_at: '2023-12-04T08:14:53.335059+00:00' },
  ],
};
const errors = [
  {
    message: "field 'test' not found in type: 'query_root'",
    extensions: { path: '$.selectionSet.test_lol', code: 'validation-failed' },
  },
];

const answers: Readonly<Record<string, unknown>> = {
  DataOnly: { data },
  ErrorOnly: { errors },
  DataAndError: { data, errors },
};

export function startFixedAnswers(): Promise<Stub> {
  return startStub(async ({ headers, body }) => {
    const { query } = body as { readonly query: string };
    const answer =
      answers[headers['x-fake-operation-name'] ?? ''] ?? (await graphql({ schema, source: query }));
    return { status: 200, body: JSON.stringify(answer), headers: [jsonHeader] };
  });
}
