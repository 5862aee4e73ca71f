import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseViewTargets } from './viewTargets.ts';

const parse = (rule: string) => parseViewTargets(Buffer.from(rule));
const entry = (resno: number, name: string, table: number, column: number, expr = '{VAR :varno 1}') =>
  `{TARGETENTRY :expr ${expr} :resno ${resno} :resname ${name} :ressortgroupref 0 :resorigtbl ${table} :resorigcol ${column} :resjunk false}`;
const query = (targets: string, before = ':rtable <>', after = '') =>
  `({QUERY :commandType 1 :utilityStmt <> ${before} :targetList (${targets}) :override 0 ${after}:stmt_len -1})`;

describe('reading the origin of view columns from a rewrite rule', () => {
  it('gives the origin of plain columns and passes over computed ones', () => {
    const rule = query(`${entry(1, 'id', 16711, 1)} ${entry(2, 'sum', 0, 0)} ${entry(3, 'name', 16711, 4)}`);
    assert.deepEqual(parse(rule), [
      { column: 1, relation: 16711, attribute: 1 },
      { column: 3, relation: 16711, attribute: 4 },
    ]);
  });

  it('ignores target lists of subqueries, before, inside and after its own', () => {
    const inner = `{QUERY :targetList (${entry(1, 'inner', 99, 9)}) :stmt_len -1}`;
    const rule = query(
      entry(1, 'id', 5, 1, `{SUBLINK :subselect ${inner}}`),
      `:rtable ({RANGETBLENTRY :subquery ${inner}})`,
      `:havingQual {SUBLINK :subselect ${inner}} `,
    );
    assert.deepEqual(parse(rule), [{ column: 1, relation: 5, attribute: 1 }]);
  });

  it('is not misled by column names that look like fields, or hold brackets and spaces', () => {
    const rule = query(
      `${entry(1, ':resno', 5, 1)} ${entry(2, 'a\\ \\}\\ :resorigtbl\\ 7', 5, 2)} ${entry(3, '\\(', 5, 3)}`,
    );
    assert.deepEqual(
      parse(rule).map(({ relation, attribute }) => [relation, attribute]),
      [
        [5, 1],
        [5, 2],
        [5, 3],
      ],
    );
  });

  it('gives nothing for an empty, foreign or broken-off rule', () => {
    const whole = query(entry(1, 'id', 5, 1));
    assert.deepEqual(parse(''), []);
    assert.deepEqual(parse('<>'), []);
    assert.deepEqual(parse('({NOTIFY :targetlist <>})'), []);
    for (let length = 0; length < whole.length; length++) parse(whole.slice(0, length));
  });
});
