import {
  CLOCK_CORRECTION_MS,
  CRON_CHANNEL,
  isDue,
  type JobSchedule,
  parseJobSchedule,
} from '@peakstone/kernel/cron';
import {
  type Client,
  ConnectionError,
  connectClient,
  createPrivilegedPool,
  type Listener,
  listen,
  PgError,
  type Pool,
} from '@peakstone/kernel/pg';
import type { Health, Running } from '@peakstone/kernel/service';

/** Jobs that run at once; more wait. */
const MAX_RUNNING = 5;
const MINUTE_MS = 60_000;
/** A clock that is kept right is off by no more. */
const CLOCK_SLEW_MS = 5 * MINUTE_MS;
/** A message of the server that is kept at most so long. */
const MAX_MESSAGE = 8_192;

export interface SchedulerOptions {
  /** Of the login that jobs run as, and that alone may schedule them. */
  readonly url: string;
  readonly onEvent: (event: CronEvent) => void;
  /** For tests: what time it is, in milliseconds. */
  readonly now?: () => number;
  /** For tests: milliseconds by a clock that is never put right, for intervals. */
  readonly elapsed?: () => number;
}

export type CronEvent =
  | { readonly kind: 'jobs'; readonly count: number }
  | { readonly kind: 'failed'; readonly jobid: string; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly jobid: string; readonly schedule: string }
  | { readonly kind: 'lost'; readonly reason: string };

interface Job {
  readonly jobid: string;
  readonly command: string;
  readonly schedule: JobSchedule;
  readonly text: string;
  /** When it last began, for intervals: by a clock that is never put right. */
  lastAt: number;
  isRunning: boolean;
  /** Due while it ran: it runs once more, and no more often than that. */
  isOwed: boolean;
}

/** Runs the jobs of `cron.job` for as long as it is not stopped. Where the extension has them, it does nothing. */
export async function startScheduler(options: SchedulerOptions): Promise<Running> {
  const scheduler = new Scheduler(options);
  await scheduler.start();
  return scheduler;
}

class Scheduler implements Running {
  readonly #options: SchedulerOptions;
  readonly #pool: Pool;
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<Job, Client | null>();
  readonly #waiting: Job[] = [];
  #listener: Listener | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** The latest that was come to, and the one that was seen last. */
  #lastMinute: number;
  #seenMinute: number;
  #lost: string | null = null;
  #isStopped = false;
  #isFirst = true;
  /** A look is under way; `again`: something was told since it began. */
  #looking: 'once' | 'again' | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#pool = createPrivilegedPool({ url: options.url, name: 'peakstone cron' });
    this.#lastMinute = Math.floor(this.#now() / MINUTE_MS);
    this.#seenMinute = this.#lastMinute;
  }

  async start(): Promise<void> {
    this.#listener = listen({
      url: this.#options.url,
      channels: [CRON_CHANNEL],
      onNotify: () => this.#look(),
      onListening: () => this.#look(),
      onLost: error => {
        this.#lost = error.message;
        this.#options.onEvent({ kind: 'lost', reason: error.message });
      },
    });
    this.#timer = setInterval(() => this.#tick(), 250);
  }

  async health(): Promise<Health> {
    return this.#lost === null ? { ok: true } : { ok: false, reason: this.#lost, elsewhere: true };
  }

  /** What runs is cancelled, and its record says so. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#timer) clearInterval(this.#timer);
    this.#waiting.length = 0;
    for (const client of this.#running.values()) client?.cancel();
    await Promise.all(this.#runs);
    await this.#listener?.close();
    await this.#pool.close();
  }

  readonly #runs = new Set<Promise<void>>();

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }

  #elapsed(): number {
    return this.#options.elapsed?.() ?? performance.now();
  }

  /** One look at a time, however many messages come: those that come meanwhile are answered by one more. */
  #look(): void {
    if (this.#looking !== null) {
      this.#looking = 'again';
      return;
    }
    this.#looking = 'once';
    void this.#read().finally(() => {
      const isStale = this.#looking === 'again';
      this.#looking = null;
      if (isStale && !this.#isStopped) this.#look();
    });
  }

  /** Jobs as they are now; those that stay keep what is known of them. */
  async #read(): Promise<void> {
    try {
      if (this.#isFirst) await this.#closeRuns();
      const rows = await readJobs(this.#pool);
      this.#lost = null;
      const seen = new Set<string>();
      for (const [jobid, text, command] of rows) {
        const schedule = parseJobSchedule(text!);
        if (schedule === null) {
          this.#options.onEvent({ kind: 'unreadable', jobid: jobid!, schedule: text! });
          continue;
        }
        seen.add(jobid!);
        const known = this.#jobs.get(jobid!);
        if (known && known.text === text && known.command === command) continue;
        const job: Job = {
          jobid: jobid!,
          command: command!,
          schedule,
          text: text!,
          lastAt: this.#elapsed(),
          isRunning: false,
          isOwed: false,
        };
        this.#jobs.set(jobid!, job);
        if (schedule.kind === 'reboot' && this.#isFirst) this.#begin(job);
      }
      for (const jobid of [...this.#jobs.keys()]) if (!seen.has(jobid)) this.#jobs.delete(jobid);
      this.#isFirst = false;
      this.#options.onEvent({ kind: 'jobs', count: this.#jobs.size });
    } catch (error) {
      if (this.#isStopped) return;
      this.#lost = (error as Error).message;
      this.#options.onEvent({ kind: 'lost', reason: this.#lost });
    }
  }

  /** What a scheduler before this one had begun has ended with it, or with the server. */
  async #closeRuns(): Promise<void> {
    if ((await readJobs(this.#pool)).length === 0) return;
    await this.#pool.query(
      `update cron.job_run_details set status = 'failed', return_message = 'server restarted', end_time = now()
       where status in ('starting', 'running') and username = current_user`,
    );
  }

  #tick(): void {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    const isOther = minute !== this.#seenMinute;
    this.#seenMinute = minute;
    const behindMs = (this.#lastMinute - minute) * MINUTE_MS;
    // A minute that was slept through is not made up for; one that a clock was set back to does not come again, unless it was put right.
    const isNewMinute = behindMs < 0 || behindMs > CLOCK_CORRECTION_MS;
    if (isNewMinute) this.#lastMinute = minute;
    // What runs every hour does not wait until the clock is there again; nor is it done twice for a clock that is drawn in a little.
    const isHourly = isNewMinute || (isOther && behindMs > CLOCK_SLEW_MS);
    const elapsed = this.#elapsed();
    for (const job of this.#jobs.values()) {
      const { schedule } = job;
      if (schedule.kind === 'seconds') {
        if (elapsed - job.lastAt >= schedule.seconds * 1_000) this.#begin(job);
      } else if (
        schedule.kind === 'times' &&
        (schedule.times.hours.size === 24 ? isHourly : isNewMinute) &&
        isDue(schedule.times, new Date(minute * MINUTE_MS))
      )
        this.#begin(job);
    }
  }

  #begin(job: Job): void {
    if (job.isRunning) {
      // An interval counts from the beginning, and is due again when the run is over.
      if (job.schedule.kind !== 'seconds') job.isOwed = true;
      return;
    }
    job.isRunning = true;
    job.lastAt = this.#elapsed();
    this.#waiting.push(job);
    this.#next();
  }

  #next(): void {
    while (this.#running.size < MAX_RUNNING && this.#waiting.length > 0) {
      const job = this.#waiting.shift()!;
      this.#running.set(job, null);
      const run = this.#run(job).finally(() => {
        this.#running.delete(job);
        this.#runs.delete(run);
        job.isRunning = false;
        if (this.#isStopped) return;
        if (job.isOwed && this.#jobs.get(job.jobid) === job) {
          job.isOwed = false;
          this.#begin(job);
        }
        this.#next();
      });
      this.#runs.add(run);
    }
  }

  /** One run, told in `cron.job_run_details` as the extension tells it. Never rejects. */
  async #run(job: Job): Promise<void> {
    let runid: string | null = null;
    try {
      runid = await this.#record(job);
      const [status, message] = await this.#execute(job, runid);
      await this.#end(runid, status, message);
      if (status === 'failed') this.#options.onEvent({ kind: 'failed', jobid: job.jobid, reason: message });
    } catch (error) {
      this.#options.onEvent({ kind: 'failed', jobid: job.jobid, reason: (error as Error).message });
    }
  }

  async #record({ jobid, command }: Job): Promise<string> {
    const { rows } = await this.#pool.query(
      `insert into cron.job_run_details (jobid, database, username, command, status, start_time)
       values ($1, current_database(), current_user, $2, 'starting', clock_timestamp()) returning runid`,
      [jobid, command],
    );
    return rows[0]![0]!.toString();
  }

  async #execute(
    job: Job,
    runid: string,
  ): Promise<readonly [status: 'succeeded' | 'failed', message: string]> {
    let client: Client;
    try {
      client = await connectClient({
        url: this.#options.url,
        parameters: { application_name: `pg_cron job ${job.jobid}` },
      });
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      return ['failed', error.message];
    }
    this.#running.set(job, client);
    try {
      await client.script(`set statement_timeout = 0`);
      const results = await client.script('select pg_catalog.pg_backend_pid()');
      const pid = results[0]?.rows[0]?.[0]?.toString() ?? null;
      await this.#pool.query(
        `update cron.job_run_details set status = 'running', job_pid = $2 where runid = $1`,
        [runid, pid],
      );
      if (this.#isStopped) return ['failed', 'the scheduler was stopped'];
      let tag = '';
      await client.script(job.command, {
        // Rows go nowhere, and so are not kept.
        onRows: () => undefined,
        onResult: result => {
          tag = result.tag;
        },
      });
      if (client.transaction !== 'none')
        return ['failed', 'the command left a transaction open, which was rolled back'];
      return ['succeeded', tag];
    } catch (error) {
      if (!(error instanceof PgError) && !(error instanceof ConnectionError)) throw error;
      return [
        'failed',
        error instanceof PgError ? `${error.fields.severity}:  ${error.message}` : error.message,
      ];
    } finally {
      client.close();
    }
  }

  async #end(runid: string, status: string, message: string): Promise<void> {
    await this.#pool.query(
      `update cron.job_run_details set status = $2, return_message = $3, end_time = clock_timestamp() where runid = $1`,
      [runid, status, message.slice(0, MAX_MESSAGE)],
    );
  }
}

/** How many active jobs a scheduler with this login would run. @throws {ConnectionError} {PgError} */
export async function countWaitingJobs(url: string): Promise<number> {
  const pool = createPrivilegedPool({ url, name: 'peakstone cron', acquireTimeoutMs: 3000 });
  try {
    return (await readJobs(pool)).length;
  } finally {
    await pool.close(0);
  }
}

/** Active jobs of this database; none where the extension runs them, or nobody has made the tables. */
async function readJobs(pool: Pool): Promise<(string | null)[][]> {
  const [found] = (
    await pool.query(
      `select to_regclass('cron.job') is not null and not exists (select from pg_extension where extname = 'pg_cron')`,
    )
  ).rows;
  if (found?.[0]?.toString() !== 't') return [];
  const { rows } = await pool.query(
    'select jobid, schedule, command from cron.job where active and database = current_database() and username = current_user order by jobid',
  );
  return rows.map(row => row.map(cell => cell?.toString() ?? null));
}
