/** A read plan as one SELECT: embeds by lateral joins, spreads as columns. */
import type { QualifiedName } from '@peakstone/kernel/catalog';
import type { KeysetPlan } from '../plan/keyset.ts';
import { type Embed, isAggregated, type ReadNode, type SelectTerm, type SpreadTerm } from '../plan/types.ts';
import { fieldSql, orderSql, rangeSql } from './condition.ts';
import { fromSql, isJoined, ownName, whereSql } from './exists.ts';
import { ROWS } from './handler.ts';
import { afterSql, keySql } from './keyset.ts';
import { type Parameters, qualified, quote } from './writer.ts';

export function readSql(node: ReadNode, params: Parameters): string {
  const own = ownName(node);
  const selected = selectList(node, own, params);
  const joins = joinsSql(node, params);
  const where = whereSql(node, params);
  const filtered = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
  const grouped = groupSql(node, own, params);
  const ordered = orderSql(own, node.order, params);
  return `SELECT ${selected} FROM ${fromSql(node)}${joins}${filtered}${grouped}${ordered}${rangeSql(node.range, params)}`;
}

/** Under which name each row of a page shows its place in the order. */
export const KEY = 'pgrst_key';

/** The rows of a page, each as one value, beside its place in the order. */
export function pageSql(node: ReadNode, keyset: KeysetPlan, params: Parameters): string {
  const own = ownName(node);
  const selected = selectList(node, own, params);
  const key = keySql(own, keyset, params);
  const joins = joinsSql(node, params);
  const after = afterSql(own, keyset, params);
  const where = [...whereSql(node, params), ...(after ? [`(${after})`] : [])];
  const filtered = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
  const rows = ` CROSS JOIN LATERAL (SELECT ${selected}) AS ${ROWS}`;
  const ordered = orderSql(own, node.order, params);
  return `SELECT ${ROWS}, ${key} AS ${KEY} FROM ${fromSql(node)}${joins}${rows}${filtered}${ordered}${rangeSql(node.range, params)}`;
}

function selectList(node: ReadNode, own: QualifiedName, params: Parameters): string {
  const terms = node.select.map(term => selectSql(own, term, params));
  // An empty select of a level without embeds takes whole rows; what shows of them is decided where they are aggregated.
  if (terms.length === 0 && node.embeds.length === 0 && !node.hasNoColumns) terms.push(`${qualified(own)}.*`);
  if (node.spread?.kind === 'to-many') {
    for (const { embed, term } of node.spread.orderSelect) {
      terms.push(selectSql(embed === null ? own : { schema: '', name: embed }, term, params));
    }
  }
  for (const embed of node.embeds) {
    if (embed.kind === 'spread') {
      terms.push(...embed.terms.map(term => spreadSql(embed.joinAlias, term)));
    } else if (!embed.isEmpty) {
      const alias = quote(embed.joinAlias);
      const value = embed.toOne ? `row_to_json(${alias}.*)::jsonb` : `COALESCE(${alias}.${alias}, '[]')`;
      terms.push(`${value} AS ${quote(embed.name)}`);
    }
  }
  return terms.join(', ');
}

/** A term with its representation, casts, aggregate and name. */
function selectSql(table: QualifiedName, term: SelectTerm, params: Parameters): string {
  const plain = fieldSql(table, term.field, params);
  const shown = term.field.transform ? `${qualified(term.field.transform)}(${plain})` : plain;
  return `${aggregateSql(term, castSql(shown, term.cast))}${asSql(term.alias)}`;
}

/**
 * The type is not quoted, so that names such as `int` and `timestamp with time zone` mean what they say. The parser lets
 * only letters, digits, blanks, `_` and `$` through; with a `$`, which could open a dollar-quoted string, it is quoted.
 */
function castSql(value: string, type: string | null): string {
  if (type === null) return value;
  return `CAST(${value} AS ${type.includes('$') ? quote(type) : type})`;
}

function aggregateSql(term: Pick<SelectTerm, 'aggregate' | 'aggregateCast'>, value: string): string {
  if (term.aggregate === null) return value;
  return castSql(`${term.aggregate.toUpperCase()}(${value})`, term.aggregateCast);
}

const asSql = (alias: string | null): string => (alias === null ? '' : ` AS ${quote(alias)}`);

function spreadSql(joinAlias: string, term: SpreadTerm): string {
  const value = term.name === '*' ? `${quote(joinAlias)}.*` : `${quote(joinAlias)}.${quote(term.name)}`;
  return `${aggregateSql(term, value)}${asSql(term.alias)}`;
}

const joinsSql = (node: ReadNode, params: Parameters): string =>
  node.embeds
    .filter(embed => isJoined(node, embed))
    .map(embed => joinEmbed(embed, params))
    .join('');

function joinEmbed(embed: Embed, params: Parameters): string {
  const alias = quote(embed.joinAlias);
  const { joinType, spread } = embed.node;
  const kind = joinType === 'inner' ? 'INNER' : 'LEFT';
  const subquery = readSql(embed.node, params);
  if (embed.kind === 'json' ? embed.toOne : spread?.kind !== 'to-many') {
    return ` ${kind} JOIN LATERAL (${subquery}) AS ${alias} ON TRUE`;
  }
  const on = joinType === 'inner' ? `${alias} IS NOT NULL` : 'TRUE';
  const rows = `(${subquery}) AS ${alias}`;
  if (embed.kind !== 'spread' || spread?.kind !== 'to-many') {
    return ` ${kind} JOIN LATERAL (SELECT ${listSql(alias, rows, params)}) AS ${alias} ON ${on}`;
  }
  const columns = [`json_agg(${alias}.*)::jsonb AS ${alias}`];
  const own: QualifiedName = { schema: '', name: embed.joinAlias };
  for (const term of embed.terms) {
    const value = term.name === '*' ? `${alias}.*` : `${alias}.${quote(term.name)}`;
    const order = orderSql(own, spread.order, params);
    // Each column by itself: PostgreSQL makes none that is not shown.
    const sum = params.bound ? `${params.bound.sum(`to_json(${value})`)}, ` : '';
    const list = `COALESCE(json_agg(${value}${order}), ${sum}'[]')::jsonb`;
    columns.push(`${list} AS ${quote(term.alias ?? term.name)}`);
  }
  return ` ${kind} JOIN LATERAL (SELECT ${columns.join(', ')} FROM ${rows}) AS ${alias} ON ${on}`;
}

/** Related rows as one value; null where there are none. Each row is made once, for its size and for the list. */
function listSql(alias: string, rows: string, { bound }: Parameters): string {
  if (bound === null) return `json_agg(${alias}.*)::jsonb AS ${alias} FROM ${rows}`;
  const item = `${alias}.pgrst_item`;
  return `coalesce(json_agg(${item}), ${bound.sum(item)})::jsonb AS ${alias} FROM (SELECT row_to_json(${alias}.*) AS pgrst_item FROM ${rows} OFFSET 0) AS ${alias}`;
}

/** Whatever is not aggregated is grouped by, once anything is aggregated. */
function groupSql(node: ReadNode, own: QualifiedName, params: Parameters): string {
  if (!isAggregated(node)) return '';
  const terms: string[] = [];
  for (const term of node.select) {
    if (term.aggregate !== null) continue;
    terms.push(term.alias === null ? fieldSql(own, term.field, params) : quote(term.alias));
  }
  for (const embed of node.embeds) {
    if (embed.kind === 'json') {
      if (!embed.isEmpty) terms.push(quote(embed.name));
      continue;
    }
    for (const term of embed.terms) {
      if (term.aggregate === null) terms.push(`${quote(embed.joinAlias)}.${quote(term.alias ?? term.name)}`);
    }
  }
  return terms.length === 0 ? '' : ` GROUP BY ${terms.join(', ')}`;
}
