/**
 * Indexes of partitioned tables, as PostgreSQL tells their definition, are ON ONLY: made so, no partition has one, and the table's
 * own is invalid and enforces nothing. Pure.
 */
import { quoteIdentifier as id } from '@peakstone/kernel/pg';
import type { Description } from '../../describe/index.ts';
import { quoteKey, type Step, step, unquote } from '../step.ts';

const NAME = '("(?:[^"]|"")+"|[^\\s."]+)';
const ON_ONLY = new RegExp(`^(CREATE (?:UNIQUE )?INDEX ${NAME} ON) ONLY (${NAME}\\.)`);

/** Indexes reach all partitions, unless what is wanted is one that does not. */
export function reachPartitions(steps: readonly Step[], wanted: Description): readonly Step[] {
  return steps.map(each => {
    const match = ON_ONLY.exec(each.sql);
    if (!match) return each;
    const [whole, head, name = '', rest, schema = ''] = match;
    const found = wanted.get(`index ${unquote(schema)}.${unquote(name)}`);
    if (found === undefined || isInvalid(found)) return each;
    return { ...each, sql: `${head} ${rest}${each.sql.slice(whole.length)}` };
  });
}

/** What makes those whole that were made without their partitions' before: the library takes them for what they should be. */
export function mendInvalid(now: Description, wanted: Description): readonly Step[] {
  return [...wanted.values()].flatMap((should): Step[] => {
    const is = now.get(should.name);
    if (!should.name.startsWith('index ') || is === undefined || !isInvalid(is) || isInvalid(should))
      return [];
    const definition = definitionOf(should);
    // Others the library makes anew by itself.
    if (!ON_ONLY.test(definition) || definition !== definitionOf(is) || should.relation === null) return [];
    const constraint = wanted.get(
      `constraint ${should.object.slice(should.object.indexOf('.') + 1)} on ${should.relation}`,
    );
    if (constraint === undefined)
      return [step(`DROP INDEX ${quoteKey(should.object)}`), ...reachPartitions([step(definition)], wanted)];
    const name = id(should.object.slice(should.object.indexOf('.') + 1));
    return [
      step(
        `ALTER TABLE ${quoteKey(should.relation)} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${definitionOf(constraint)}`,
      ),
    ];
  });
}

/** Indexes that are invalid in what is wanted, and would be so everywhere; sentences. */
export function tellInvalid(now: Description, wanted: Description): readonly string[] {
  return [...wanted.values()].flatMap(each =>
    each.name.startsWith('index ') && isInvalid(each) && now.get(each.name)?.text !== each.text
      ? [
          `Index ${each.object} is invalid in what is wanted, so that it enforces nothing: build it anew there first (DROP INDEX, CREATE INDEX without ONLY), or attach what its partitions lack`,
        ]
      : [],
  );
}

interface Described {
  readonly text: string;
}

function propertiesOf({ text }: Described): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Record<string, unknown>;
}

function isInvalid(index: Described): boolean {
  return propertiesOf(index).invalid !== undefined;
}

function definitionOf(object: Described): string {
  return String(propertiesOf(object).definition);
}
