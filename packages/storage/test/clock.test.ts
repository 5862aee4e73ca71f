/** A clock that is set months ahead, and what lifecycle rules make of it. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { scanBucket } from '../src/lifecycle/scanner.ts';
import { clockOf, describeLeap, witnessTime } from '../src/lifecycle/witness.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { startTestServer, type TestServer } from './support/server.ts';

const dayMs = 86_400_000;
let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(async () => {
  await server.stop();
});

it('a clock that jumped months ahead takes no object, and days that were seen to pass do', async () => {
  const bucket = 'kept';
  await server.call({ method: 'PUT', bucket });
  await server.call({ method: 'PUT', bucket, key: 'a', body: 'x' });
  const later = new Date(Date.now() + 60 * dayMs).toISOString().replace(/T.*/, 'T00:00:00Z');
  const rules = `<LifecycleConfiguration>
    <Rule><ID>days</ID><Status>Enabled</Status><Filter><Prefix>a</Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule>
    <Rule><ID>date</ID><Status>Enabled</Status><Filter><Prefix>b</Prefix></Filter><Expiration><Date>${later}</Date></Expiration></Rule>
  </LifecycleConfiguration>`;
  await server.call({ method: 'PUT', bucket, key: 'b', body: 'x' });
  assert.equal((await server.call({ method: 'PUT', bucket, query: 'lifecycle', body: rules })).status, 200);
  await server.service.stop();
  const store = await openStore(server.folder, error => assert.fail(String(error)));
  const start = Date.now();
  const scan = async (at: number): Promise<string[]> => {
    const witness = await witnessTime(store, at);
    await scanBucket(
      store,
      store.buckets.get(bucket),
      clockOf(witness),
      options,
      new AbortController().signal,
    );
    return keysOf(store, bucket);
  };
  const options = {
    dayMs,
    everyMs: dayMs,
    announce: () => undefined,
    onClock: () => undefined,
    onFailure: (error: unknown) => assert.fail(String(error)),
  };
  try {
    assert.deepEqual(await scan(start), ['a', 'b']);
    // Half a year ahead, and an hour later there still.
    assert.deepEqual(await scan(start + 180 * dayMs), ['a', 'b']);
    assert.deepEqual(await scan(start + 180 * dayMs + 3_600_000), ['a', 'b']);
    assert.match(
      describeLeap(await witnessTime(store, start + 180 * dayMs + 3_600_000))!,
      /nobody saw that time pass/,
    );
    // Put right: as if nothing had been.
    assert.deepEqual(await scan(start + 7_200_000), ['a', 'b']);
    assert.equal(describeLeap(await witnessTime(store, start + 7_200_000)), undefined);
    // Day by day it is time like any other.
    for (let day = 1; day <= 29; day++) await scan(start + day * dayMs);
    assert.deepEqual(keysOf(store, bucket), ['a', 'b']);
    for (let day = 30; day <= 32; day++) await scan(start + day * dayMs);
    assert.deepEqual(keysOf(store, bucket), ['b']);
    for (let day = 33; day <= 61; day++) await scan(start + day * dayMs);
    assert.deepEqual(keysOf(store, bucket), []);
  } finally {
    await store.close();
    await server.restart();
  }
});

function keysOf(store: Store, bucket: string): string[] {
  const row = store.buckets.get(bucket);
  return ['a', 'b'].filter(key => store.objects.newest(row, key) !== undefined);
}
