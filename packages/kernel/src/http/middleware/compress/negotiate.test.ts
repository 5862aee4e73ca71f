import assert from 'node:assert/strict';
import { it } from 'node:test';
import { negotiateEncoding } from './negotiate.ts';

it('takes what the client likes best, and the better coding among equals', () => {
  const cases: Readonly<Record<string, string | null>> = {
    'gzip, deflate, br, zstd': 'zstd',
    'gzip, deflate, br': 'br',
    'gzip, deflate': 'gzip',
    GZIP: 'gzip',
    'br;q=0.5, gzip': 'gzip',
    'br;q=0.5, gzip;q=0.5': 'br',
    'zstd;q=0, br;q=0, *': 'gzip',
    '*;q=0.1': 'zstd',
    '*;q=0': null,
    deflate: null,
    identity: null,
    'gzip;q=0': null,
    'gzip;q=0.5, identity;q=0.8': null,
    'gzip;q=0.5, identity;q=0.5': 'gzip',
    'gzip;q=2': null,
    'gzip;q=abc': null,
    'gzip ; q=0.3 , ,': 'gzip',
    '': null,
  };
  for (const [header, encoding] of Object.entries(cases))
    assert.equal(negotiateEncoding(header), encoding, header);
  assert.equal(negotiateEncoding(undefined), null);
});
