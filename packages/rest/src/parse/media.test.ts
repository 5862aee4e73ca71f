import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAccept, parseMediaType, renderContentType, renderMime } from './media.ts';

describe('media types', () => {
  it('are read without regard to case and parameters they do not have', () => {
    assert.deepEqual(parseMediaType('Application/JSON; charset=utf-8'), { kind: 'json' });
    assert.deepEqual(parseMediaType('application/vnd.PGRST.object'), { kind: 'object', stripsNulls: false });
    assert.deepEqual(parseMediaType('application/vnd.pgrst.array+json'), { kind: 'json' });
    assert.deepEqual(parseMediaType('application/vnd.pgrst.array+json; nulls=stripped'), {
      kind: 'arrayStripped',
    });
  });

  it('hold the plan of another type', () => {
    const type = parseMediaType('application/vnd.pgrst.plan+json; for="text/csv"; options=wal|analyze|x');
    assert.deepEqual(type, {
      kind: 'plan',
      for: { kind: 'csv' },
      format: 'json',
      options: ['analyze', 'wal'],
    });
    assert.equal(renderMime(type), 'application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|wal');
    assert.deepEqual(parseMediaType('application/vnd.pgrst.plan;'), {
      kind: 'plan',
      for: { kind: 'json' },
      format: 'text',
      options: [],
    });
  });

  it('pass through as sent when unknown', () => {
    assert.deepEqual(parseMediaType('image/PNG;x=y'), { kind: 'other', name: 'image/PNG;x=y' });
    assert.equal(parseMediaType('nonsense').kind, 'other');
  });

  it('name a charset only where there is text', () => {
    assert.equal(renderContentType({ kind: 'csv' }), 'text/csv; charset=utf-8');
    assert.equal(renderContentType({ kind: 'octets' }), 'application/octet-stream');
    assert.equal(renderContentType({ kind: 'other', name: 'image/png' }), 'image/png');
  });
});

describe('the Accept header', () => {
  const names = (header: string | undefined) => parseAccept(header).map(renderMime);

  it('is ordered by quality, then specificity, then as sent', () => {
    assert.deepEqual(names('*/*;q=0.1, text/csv;q=0.5, application/json'), [
      'application/json',
      'text/csv',
      '*/*',
    ]);
    assert.deepEqual(names('*/*, text/csv, text/xml'), ['text/csv', 'text/xml', '*/*']);
    assert.deepEqual(names('application/json, application/vnd.pgrst.object;nulls=stripped'), [
      'application/vnd.pgrst.object+json;nulls=stripped',
      'application/json',
    ]);
  });

  it('admits anything when absent', () => {
    assert.deepEqual(names(undefined), ['*/*']);
  });
});
