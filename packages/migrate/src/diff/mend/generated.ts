/** A column that was computed and is one of its own from now on keeps its values: the library would make it anew. Pure. */
import { quoteIdentifier as id } from '@peakstone/kernel/pg';
import type { ColumnShape, Structure } from '../engine/types.ts';
import { alteration, alteredTable, firstIdentifier, quoteKey, type Step, step } from '../step.ts';

export function keepGenerated(steps: readonly Step[], before: Structure, after: Structure): readonly Step[] {
  const done = new Set<string>();
  return steps.flatMap((each): Step[] => {
    const key = alteredTable(each.sql) ?? '';
    const match = /^(?:DROP|ADD) COLUMN (?:IF EXISTS )?(.+)/s.exec(alteration(each.sql));
    if (!match) return [each];
    const name = firstIdentifier(match[1] ?? '');
    const [was, is] = [before, after].map(all => all.tables.get(key)?.columns.get(name));
    if (!was || !is || was.generated === null || !isPlain(is) || was.type !== is.type) return [each];
    const column = `${key}.${name}`;
    if (done.has(column)) return [];
    done.add(column);
    return becomePlain(key, name, was, is);
  });
}

function isPlain({ generated, identity }: ColumnShape): boolean {
  return generated === null && identity === null;
}

function becomePlain(key: string, name: string, was: ColumnShape, is: ColumnShape): Step[] {
  const alter = (what: string) => step(`ALTER TABLE ${quoteKey(key)} ALTER COLUMN ${id(name)} ${what}`);
  return [
    alter('DROP EXPRESSION'),
    ...(is.default === null ? [] : [alter(`SET DEFAULT ${is.default}`)]),
    ...(is.notNull === was.notNull ? [] : [alter(is.notNull ? 'SET NOT NULL' : 'DROP NOT NULL')]),
  ];
}
