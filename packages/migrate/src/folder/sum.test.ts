import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSums, renderSums, sumFolder } from './sum.ts';

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });

describe('the sums of a folder', () => {
  it('are what Atlas writes', () => {
    const files = [
      file('20240101000000_init.sql', 'CREATE TABLE a (id int PRIMARY KEY);\n'),
      file(
        '20240102000000_b.sql',
        'CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a (id));\nALTER TABLE a ADD COLUMN n int;\n',
      ),
    ];
    assert.equal(
      renderSums(sumFolder(files)),
      `h1:kPEdhkLGQy4IuqY7FTH4NTpZiNSYMqqqpuA7Mb7wJx0=
20240101000000_init.sql h1:Ik1NWetSrk2ioJBD3lWtUgke1PAk6uGIxFbAd7F9G+I=
20240102000000_b.sql h1:KdBp0fiaVcdrGM+3U2RYFO46rn87Uuz/CKWid8wp+Ok=
`,
    );
  });

  it('leave out the text of a file that says so, and keep its name', () => {
    const ignored = file('2.sql', '-- atlas:sum ignore\nselect 1;\n');
    const edited = file('2.sql', '-- atlas:sum ignore\nselect 2;\n');
    const after = file('3.sql', 'select 3;\n');
    assert.deepEqual(sumFolder([ignored, after]), sumFolder([edited, after]));
    assert.notDeepEqual(sumFolder([ignored, after]), sumFolder([after]));
  });

  it('are read back, whatever ends their lines', () => {
    const sums = sumFolder([file('a b.sql', 'x'), file('c.sql', 'y')]);
    assert.deepEqual(parseSums(renderSums(sums).replaceAll('\n', '\r\n'))?.sums, sums);
    assert.equal(parseSums('h1:x\nno hash\n'), null);
  });
});
