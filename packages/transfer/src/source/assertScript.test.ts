import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { openDump } from './index.ts';

describe('a file that is named as a dump', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-dump-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string | Buffer): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };

  it('is refused where it is something else, by what it looks like', async () => {
    const files: readonly (readonly [content: string | Buffer, expected: RegExp])[] = [
      ['# PeakStone\n\nA backend; in one command.\n', /no dump: it looks like a text in Markdown/],
      ['<!DOCTYPE html><html>', /no dump: it looks like a page of HTML/],
      ['{"version": 3, "metadata": {}}', /no dump: it looks like JSON/],
      ['id,name\n1,Ada\n', /no dump: it looks like a table in CSV/],
      ['PK\x03\x04\x14', /no dump: it looks like a zip archive/],
      [Buffer.from('\ufeffcreate table a (id int);\n', 'utf16le'), /no dump: it looks like text in UTF-16/],
      ['SQLite format 3\0\x10', /no dump: it looks like a database of SQLite/],
      ['PRAGMA foreign_keys=OFF;\n', /no dump: it looks like a dump of SQLite/],
      [
        '-- MySQL dump 10.13  Distrib 8.0\n\nDROP TABLE IF EXISTS `a`;\n',
        /no dump: it looks like a dump of MySQL/,
      ],
      ['Liebe Grüße, Ada', /no dump: it begins with 'Liebe Grüße, Ada', which is no SQL/],
      [Buffer.from([0, 1, 2, 3]), /no dump: it holds bytes that are no text/],
      [gzipSync('PGDMP\x01'), /holds an archive, compressed once more/],
      [gzipSync('<html>'), /no dump: it looks like a page of HTML/],
      [Buffer.from('BZh91AY&SY'), /it looks like a file compressed by bzip2/],
    ];
    for (const [index, [content, message]] of files.entries())
      await assert.rejects(openDump([write(`file${index}`, content)]), { message });
  });

  it('is taken where it begins as dumps and scripts do', async () => {
    const scripts = [
      '--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n\nSET statement_timeout = 0;\n',
      '\ufeff/* by hand */ create table a (id int);',
      '\\connect shop\n\nCOPY a (id) FROM stdin;\n1\n\\.\n',
      '(select 1);',
    ];
    for (const [index, text] of scripts.entries()) await openDump([write(`script${index}.sql`, text)]);
    await openDump([write('roles.sql', '-- none\n'), write('schema.sql', 'create schema a;')]);
    await openDump([fileURLToPath(new URL('../../test/fixtures/plain.sql', import.meta.url))]);
  });
});
