/** The server's own statements pass row security: none calls what those who write the application's schemas have made unasked. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { plantDecoys } from '@peakstone/testing';
import { type SupabaseServer, startSupabase } from './support/supabase.ts';

describe('operators and functions of the application’s schema', () => {
  let server: SupabaseServer;
  before(async () => {
    server = await startSupabase();
    await plantDecoys(server.database.roleUrl('db_migrator'), {
      schema: 'public',
      raises: true,
      closer: true,
    });
  });
  after(() => server.stop());

  /** What failed would say so. */
  const well = <T>({ data, error }: { data: T; error: unknown }): T => {
    assert.equal(error, null);
    return data;
  };

  it('are called by nothing that is done with buckets and objects', async () => {
    const { storage } = server.client();
    well(await storage.createBucket('b', { public: true, fileSizeLimit: '1MB' }));
    well(await storage.updateBucket('b', { public: true, allowedMimeTypes: ['text/*'] }));
    assert.equal(well(await storage.listBuckets({ search: 'b' }))!.length, 1);
    const files = storage.from('b');
    const text = new Blob(['text'], { type: 'text/plain' });
    well(await files.upload('f/one', text));
    well(await files.upload('f/one', text, { upsert: true }));
    well(await files.copy('f/one', 'f/two'));
    well(await files.move('f/two', 'f/three'));
    assert.deepEqual(
      well(await files.list('f', { search: 'o', sortBy: { column: 'name', order: 'desc' } }))!.map(
        ({ name }) => name,
      ),
      ['one'],
    );
    assert.equal(well(await files.listV2({ prefix: 'f/', with_delimiter: true }))!.objects.length, 2);
    assert.equal(well(await files.createSignedUrls(['f/one', 'f/none'], 60))!.length, 2);
    assert.equal(await well(await files.download('f/one'))!.text(), 'text');
    well(await files.info('f/one'));
    assert.equal(well(await files.remove(['f/one']))!.length, 1);
    well(await storage.emptyBucket('b'));
    well(await storage.deleteBucket('b'));
  });
});
