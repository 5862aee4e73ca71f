/** The requests whose speed the HTTP benches state. */
import type { Shape } from './load.ts';
import { ITEMS } from './service.ts';

export interface Workload {
  readonly title: string;
  readonly shape: Shape;
}

/** With the token of a `BenchDatabase`. */
export function workloads(token: string): Workload[] {
  const headers = { Authorization: `Bearer ${token}` };
  const get = (title: string, path: string): Workload => ({
    title,
    shape: { method: 'GET', path, headers, ids: ITEMS - 200 },
  });
  return [
    get('one row by key', '/item?id=eq.{id}&select=id,name,price'),
    get('100 rows, three columns', '/item?id=gte.{id}&order=id&limit=100&select=id,name,price'),
    get('an item with its 5 purchases', '/item?id=eq.{id}&select=id,name,purchase(id,quantity,buyer)'),
    {
      title: 'insert returning the row',
      shape: {
        method: 'POST',
        path: '/event?select=id',
        headers: { ...headers, 'Content-Type': 'application/json', Prefer: 'return=representation' },
        body: '{"kind":"click","payload":{"x":1,"y":2}}',
        ids: 1,
      },
    },
  ];
}
