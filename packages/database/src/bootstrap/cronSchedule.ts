/** What the scheduler reads as a schedule, asked in SQL: generated from the table of fields that the scheduler's parser has. */
import { CRON_FIELDS, CRON_PART, CRON_REBOOT, CRON_SECONDS, CRON_SHORTHANDS } from '@peakstone/kernel/cron';
import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { literals } from './sql.ts';

/** An expression that tells whether the text `schedule` is one. It runs on `pg_catalog` alone. */
export function isSchedule(schedule: string): string {
  const text = String.raw`regexp_replace(lower(${schedule}), '^\s+|\s+$', '', 'g')`;
  const rules = CRON_FIELDS.map(
    ({ low, high, names, hasLast }, index) =>
      `(${index + 1}, ${low}, ${high}, array[${literals(names)}]::text[], ${hasLast})`,
  );
  const number = (word: string): string =>
    `case when ${word} ~ '^[0-9]' then ${word}::integer else low + array_position(names, ${word}) - 1 end`;
  return `(${text} in (${literals([CRON_REBOOT, ...Object.keys(CRON_SHORTHANDS)])}) or ${text} ~ ${literal(CRON_SECONDS)} or (
    with field as (select * from regexp_split_to_table(${text}, '\\s+') with ordinality as f (value, nth)),
      rule (nth, low, high, names, has_last) as (values ${rules.join(', ')}),
      part as (
        select r.*, regexp_match(p.value, ${literal(CRON_PART)}) as m
        from field f join rule r on r.nth = f.nth
          cross join regexp_split_to_table(case when r.has_last and f.value = '$' then '*' else f.value end, ',') as p (value)),
      bound as (
        select low, high, m, coalesce(m[3]::integer, 1) as step,
          case when m[1] is null then low else ${number('m[1]')} end as first,
          case when m[2] is not null then ${number('m[2]')} when m[1] is null or m[3] is not null then high
            else ${number('m[1]')} end as last
        from part)
    select (select count(*) = ${CRON_FIELDS.length} from field)
      and bool_and(coalesce(m is not null and first >= low and last <= high and first <= last and step >= 1, false))
    from bound))`;
}
