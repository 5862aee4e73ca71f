/** To which moment a restore goes, and how people say it. Pure. */
import { BackupError } from '../errors.ts';
import { formatLsn, type Lsn, parseLsn } from '../lsn.ts';

export type RestoreTarget =
  | { readonly kind: 'latest' }
  | {
      readonly kind: 'time';
      readonly at: Date;
      /** Behind its milliseconds: PostgreSQL tells commits apart by them. */
      readonly micros: number;
      readonly inclusive: boolean;
    }
  | { readonly kind: 'lsn'; readonly lsn: Lsn; readonly inclusive: boolean }
  | { readonly kind: 'xid'; readonly xid: string; readonly inclusive: boolean }
  /** A point that pg_create_restore_point has named. */
  | { readonly kind: 'name'; readonly name: string };

/** As options give them; at most one of the first four. */
export interface TargetTexts {
  readonly time?: string | undefined;
  readonly lsn?: string | undefined;
  readonly xid?: string | undefined;
  readonly name?: string | undefined;
  /** Stop right before it, not right behind. */
  readonly exclusive?: boolean | undefined;
}

/** @throws {BackupError} TARGET saying what was not understood */
export function parseTarget({ time, lsn, xid, name, exclusive = false }: TargetTexts): RestoreTarget {
  const given = [time, lsn, xid, name].filter(text => text !== undefined);
  if (given.length > 1)
    throw refuse(
      'More than one target is given.',
      'Name one: a time, an LSN, a transaction or a restore point.',
    );
  const inclusive = !exclusive;
  if (time !== undefined) return { kind: 'time', ...parseTime(time), inclusive };
  if (lsn !== undefined) {
    const parsed = parseLsn(lsn);
    if (parsed === undefined)
      throw refuse(
        `'${lsn}' is no WAL position.`,
        'Give one such as 0/3000060 (select pg_current_wal_lsn()).',
      );
    return { kind: 'lsn', lsn: parsed, inclusive };
  }
  if (xid !== undefined) {
    if (!/^[1-9]\d{0,19}$/.test(xid))
      throw refuse(
        `'${xid}' is no transaction’s number.`,
        'Give one such as 745 (select pg_current_xact_id()).',
      );
    return { kind: 'xid', xid, inclusive };
  }
  if (name !== undefined) {
    if (name === '' || Buffer.byteLength(name) > 63)
      throw refuse('A restore point’s name has 1 to 63 bytes.', 'Give it as pg_create_restore_point got it.');
    return { kind: 'name', name };
  }
  if (exclusive)
    throw refuse(
      'Only a time, an LSN or a transaction can be excluded.',
      'Name one, or leave --exclusive out.',
    );
  return { kind: 'latest' };
}

const timeForm =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,6})?)?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/i;

/** Without a zone it would be taken for the server's, whatever that is. @throws {BackupError} TARGET */
function parseTime(text: string): { readonly at: Date; readonly micros: number } {
  const match = timeForm.exec(text.trim());
  if (!match)
    throw refuse(
      `'${text}' is no time.`,
      `Give one with its zone, such as '2026-11-27 22:05:00+01' or 2026-11-27T21:05:00Z.`,
    );
  const [, day, minute, second = ':00', zone] = match;
  if (zone === undefined)
    throw refuse(
      `'${text}' says no time zone.`,
      `Add one: ${day}T${minute}${second}Z for UTC, or ${day}T${minute}${second}${localZone(day!, minute!)} for this machine’s.`,
    );
  const offset = /^[+-]/.test(zone)
    ? zone.replace(/^([+-]\d{2}):?(\d{2})?$/, (_, h, m = '00') => `${h}:${m}`)
    : 'Z';
  const at = new Date(`${day}T${minute}${second}${offset}`);
  // What is no day or hour would be taken for one of those that follow.
  const asWritten = new Date(`${day}T${minute}Z`);
  const isMeant =
    !Number.isNaN(asWritten.getTime()) && asWritten.toISOString().startsWith(`${day}T${minute}`);
  if (Number.isNaN(at.getTime()) || !isMeant)
    throw refuse(`'${text}' is no time.`, 'Look at its day, hour and zone.');
  return { at, micros: Number(second.slice(4).padEnd(6, '0').slice(3)) };
}

/** This machine's offset at that local time, as `+01:00`. */
function localZone(day: string, minute: string): string {
  const minutes = -new Date(`${day}T${minute}`).getTimezoneOffset() || 0;
  const two = (value: number): string => String(Math.floor(Math.abs(value))).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** In words, for people. */
export function describeTarget(target: RestoreTarget): string {
  switch (target.kind) {
    case 'latest':
      return 'the newest state';
    case 'time':
      return `${target.inclusive ? '' : 'right before '}${isoOf(target)}`;
    case 'lsn':
      return `${target.inclusive ? '' : 'right before '}WAL position ${formatLsn(target.lsn)}`;
    case 'xid':
      return `${target.inclusive ? '' : 'right before '}transaction ${target.xid}`;
    case 'name':
      return `restore point ${target.name}`;
  }
}

function isoOf({ at, micros }: { readonly at: Date; readonly micros: number }): string {
  const text = at.toISOString();
  return micros === 0 ? text : text.replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** PostgreSQL's settings for it. */
export function targetSettings(target: RestoreTarget): Readonly<Record<string, string>> {
  const included = (inclusive: boolean) => ({ recovery_target_inclusive: inclusive ? 'on' : 'off' });
  switch (target.kind) {
    case 'latest':
      return {};
    case 'time':
      return {
        recovery_target_time: isoOf(target).replace('T', ' ').replace('Z', '+00'),
        ...included(target.inclusive),
      };
    case 'lsn':
      return { recovery_target_lsn: formatLsn(target.lsn), ...included(target.inclusive) };
    case 'xid':
      return { recovery_target_xid: target.xid, ...included(target.inclusive) };
    case 'name':
      return { recovery_target_name: target.name };
  }
}

function refuse(message: string, hint: string): BackupError {
  return new BackupError('TARGET', message, hint);
}
