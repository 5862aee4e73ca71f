/**
 * Comments in statements that tell where they come from, for whoever reads the database's logs. They are the same for every
 * request of an operation, so that statements stay prepared.
 * @see https://hasura.io/docs/2.0/observability/query-tags/
 */
import { createHash } from 'node:crypto';
import type { Source } from '../definition/metadata.ts';
import type { StatementGroup } from './types.ts';

interface QueryTags {
  readonly disabled?: boolean;
  readonly format?: 'standard' | 'sqlcommenter' | 'standard_prepended';
}

export interface Tagged {
  readonly operationName: string | null;
  readonly query: string;
  readonly fields: readonly string[];
}

/** The group with its comments, where its source wants any. Pure. */
export function tagStatements(
  group: StatementGroup,
  source: Source | undefined,
  tagged: Tagged,
): StatementGroup {
  const tags = source?.query_tags as QueryTags | undefined;
  if (!tags || tags.disabled === true) return group;
  const comment = commentOf(tags, tagged);
  const tag =
    tags.format === 'standard_prepended'
      ? (text: string) => `${comment} ${text}`
      : (text: string) => `${text} ${comment}`;
  const statements = group.statements.map(each => ({
    ...each,
    text: tag(each.text),
    ...(each.large && { large: { ...each.large, text: tag(each.large.text) } }),
  }));
  return { ...group, statements };
}

function commentOf({ format = 'standard' }: QueryTags, { operationName, query, fields }: Tagged): string {
  const attributes: [string, string][] = [
    ['field_name', fields.join(',')],
    ...(operationName === null ? [] : ([['operation_name', operationName]] as [string, string][])),
    ['parameterized_query_hash', createHash('sha1').update(query).digest('hex')],
  ];
  const text =
    format === 'sqlcommenter'
      ? attributes.map(([name, value]) => `${name}='${encodeURIComponent(value).replaceAll("'", '%27')}'`)
      : attributes.map(([name, value]) => `${name}=${value}`);
  // Names of GraphQL cannot end a comment; this is for whatever else there may be.
  return `/* ${text.join(',').replaceAll('*/', '')} */`;
}
