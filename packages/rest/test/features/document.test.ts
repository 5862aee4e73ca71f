import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { type Library, startLibrary } from './library.ts';

describe('the root document', () => {
  let library: Library;
  let admin: Pool;
  before(async () => {
    library = await startLibrary();
    admin = createPool({ url: library.database.superuserUrl, size: 1, sharedSize: 0 });
  });
  after(async () => {
    await admin.close();
    await library.close();
  });

  const described = async (): Promise<readonly string[]> => {
    const { headers, text, json } = await library.get('/');
    assert.equal(headers['content-length'], String(Buffer.byteLength(text)));
    return Object.keys((json as { definitions: object }).definitions);
  };

  it('shows a grant at once, though it was made before', async () => {
    assert.ok(!(await described()).includes('settings'));
    await admin.query(`grant select on api.settings to ${library.guest}`);
    assert.ok((await described()).includes('settings'));
    await admin.query(`revoke select on api.settings from ${library.guest}`);
    assert.ok(!(await described()).includes('settings'));
  });

  it('has no body for HEAD', async () => {
    const { status, text } = await library.send('HEAD', '/');
    assert.deepEqual([status, text], [200, '']);
  });
});
