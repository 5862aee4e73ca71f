/** Arguments of `create_event_trigger` become what the metadata keeps. Pure. */
import { parseCron } from '@peakstone/kernel/cron';
import { compact } from '../definition/edit.ts';
import { HasuraError, type Path } from '../errors.ts';
import { assertHeaders } from '../webhook/environment.ts';
import { type CleanupConf, defaultRetry, type EventTriggerConf, type RetryConf } from './types.ts';

/** PostgreSQL's names end at 63 bytes, of which the trigger's prefix and suffix take some. */
const maxNameLength = 42;
const namePattern = /^[A-Za-z][A-Za-z0-9_-]*$/;

type Given = Readonly<Record<string, unknown>>;

/** @throws {HasuraError} */
export function readEventTrigger(args: Given): EventTriggerConf {
  const { name, insert, update, delete: remove, webhook, webhook_from_env: webhookFromEnv, headers } = args;
  if (typeof name !== 'string') throw refused('parsing EventTrigger failed, key "name" not found');
  if (name.length > maxNameLength) throw refused('event trigger name can be at most 42 characters', ['name']);
  if (!namePattern.test(name))
    throw refused(
      'only alphanumeric and underscore and hyphens allowed for name. the first character should be a letter',
      ['name'],
    );
  const isManual = args.enable_manual === true;
  if (!insert && !update && !remove && !isManual)
    throw refused('atleast one amongst insert/update/delete/enable_manual spec must be provided');
  if (typeof webhook === 'string' && typeof webhookFromEnv === 'string')
    throw refused('only one of webhook or webhook_from_env should be given');
  if (typeof webhook !== 'string' && typeof webhookFromEnv !== 'string')
    throw refused('must provide webhook or webhook_from_env');
  assertHeaders(headers, ['headers']);
  const cleanup = (args.cleanup_config ?? undefined) as CleanupConf | undefined;
  if (cleanup) assertCleanup(cleanup);
  return compact({
    name,
    definition: compact({
      enable_manual: isManual,
      insert: insert ?? undefined,
      update: update ?? undefined,
      delete: remove ?? undefined,
    }),
    retry_conf: readRetry(args.retry_conf),
    webhook: webhook ?? undefined,
    webhook_from_env: webhookFromEnv ?? undefined,
    headers: headers ?? undefined,
    request_transform: args.request_transform ?? undefined,
    response_transform: args.response_transform ?? undefined,
    cleanup_config: cleanup,
    trigger_on_replication: args.trigger_on_replication === true ? true : undefined,
  }) as EventTriggerConf;
}

function readRetry(given: unknown): RetryConf {
  if (given === undefined || given === null) return defaultRetry;
  const { num_retries, interval_sec, timeout_sec } = given as Partial<RetryConf>;
  return compact({
    num_retries: num_retries ?? defaultRetry.num_retries,
    interval_sec: interval_sec ?? defaultRetry.interval_sec,
    timeout_sec: timeout_sec ?? undefined,
  }) as RetryConf;
}

function assertCleanup({ schedule, clear_older_than: hours }: CleanupConf): void {
  if (typeof schedule !== 'string' || parseCron(schedule) === null)
    throw refused('parsing CleanupConfig failed, a cron expression is expected', [
      'cleanup_config',
      'schedule',
    ]);
  if (typeof hours !== 'number' || hours < 0)
    throw refused('parsing CleanupConfig failed, hours are expected', ['cleanup_config', 'clear_older_than']);
}

function refused(message: string, path: Path = []): HasuraError {
  return new HasuraError('parse-failed', message, { path });
}
