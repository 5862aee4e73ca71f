import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { releaseMemoryAtRest, settleWithin } from '@peakstone/kernel/service';
import { stackVersion } from '../definition.ts';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import { locateStack, rememberProject } from '../project/locate.ts';
import { type Lock, takeLock } from '../project/lock.ts';
import { ensureDataFolder, type StackPaths } from '../project/paths.ts';
import { httpUrl, upstreamVariable } from '../project/urls.ts';
import { findRow, services } from '../services/index.ts';
import { type Facts, frontOf } from '../services/local.ts';
import { type ControlRequest, listenControl } from './control.ts';
import { dataElsewhere } from './dataElsewhere.ts';
import type { OnStackEvent } from './events.ts';
import { type Example, findExample, loadExample } from './example.ts';
import { describeEvent, EventHub } from './hub.ts';
import { recordStart } from './lastStart.ts';
import { StackLogs } from './logs.ts';
import { type AppliedAtStart, applyAtStart } from './migrations/apply.ts';
import { pendingMigrations } from './migrations/pending.ts';
import { endOrphans } from './orphans.ts';
import { planStack, type StackPlan } from './plan.ts';
import type { ServiceProcess } from './process/process.ts';
import { planProcesses } from './processes.ts';
import { Releases } from './releases.ts';
import { RunningServices } from './runningServices.ts';
import type { StackSummary, StartOptions } from './settings.ts';
import { movedHint, StackFolder } from './stackFolder.ts';
import { readPresence, removeState, type StackState } from './state.ts';
import { StateFile } from './stateFile.ts';
import type { ServiceOff, ServiceStatus, StackStatus } from './status.ts';
import { Supervisor } from './supervisor.ts';
import { buildUnits } from './units.ts';
import { hasRun, recordVersion, upgradeNotes } from './upgrade.ts';
import { watchRotations } from './watchRotations.ts';

/** A stack that is up in this process. */
export interface RunningStack {
  readonly summary: StackSummary;
  /** Resolves when another process has asked for the stop and it is done. */
  readonly stopRequested: Promise<void>;
  status(): StackStatus;
  /** Drains and stops everything within a bound, and frees the folder. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Brings the whole stack up in this process: database, bootstrap, REST, gateway, in order of need.
 * @throws {StackError} `alreadyRunning`, `aborted`, `startFailed` …, after everything taken has been given back.
 */
export async function startStack(options: StartOptions): Promise<RunningStack> {
  const began = performance.now();
  const paths = locateStack(options.cwd, options.data);
  // Every start leaves the lock's file.
  const isNew = !existsSync(paths.lock);
  const lock = claimFolder(paths, options.example);
  const hub = new EventHub();
  hub.listen(options.onEvent);
  const release = new Releases();
  release.add(() => lock.release());
  // What a start takes is many times what watching over it does.
  release.add(releaseMemoryAtRest());
  try {
    rememberProject(paths);
    await recover(paths, hub.emit);
    const logs = new StackLogs(paths.logs);
    release.add(() => logs.close());
    hub.listen(event => logs.write('stack', describeEvent(event)));
    if (options.data === undefined && paths.project !== resolve(options.cwd))
      hub.emit({ kind: 'notice', text: `This folder is part of the project in ${paths.project}.` });
    const example = options.example === undefined ? null : findExample(paths.project, options.example);
    const hadRun = hasRun(paths);
    const notes = upgradeNotes(paths, isNew);
    for (const text of notes) hub.emit({ kind: 'notice', text });
    if (isNew && notes.length === 0) recordVersion(paths);
    const plan = await planStack(options, paths, hub.emit, {
      hadRun,
      exampleSchemas: example?.manifest.schemas,
    });
    const registry = new RunningServices();
    const processes = planProcesses({
      engines: plan.engines,
      onLine: (name, line) => logs.write('stack', `${name}: ${line}`),
      onChange: () => state.write(),
      health: service => registry.health(service),
    });
    const folder = new StackFolder(paths);
    const state = new StateFile(paths, folder, plan, processes);
    release.add(() => closeAll(processes));
    // They load their services while the database starts.
    for (const process of processes.values()) process.prepare();
    const supervisor = new Supervisor(
      buildUnits({ folder, plan, logs, logFolder: paths.logs, registry, processes }),
      {
        onEvent: hub.emit,
      },
    );
    release.add(() => supervisor.stop());
    return await bringUp({
      options,
      paths,
      lock,
      folder,
      example,
      plan,
      registry,
      processes,
      state,
      supervisor,
      hub,
      logs,
      release,
      began,
    });
  } catch (error) {
    hub.emit({ kind: 'failed', reason: (error as Error).message });
    await release.all();
    throw error;
  }
}

/** A run of the stack: what it was asked, and what has been made for it so far. */
interface StackRun {
  readonly options: StartOptions;
  readonly paths: StackPaths;
  readonly lock: Lock;
  readonly folder: StackFolder;
  readonly example: Example | null;
  readonly plan: StackPlan;
  readonly registry: RunningServices;
  readonly processes: ReadonlyMap<string, ServiceProcess>;
  readonly state: StateFile;
  readonly supervisor: Supervisor;
  readonly hub: EventHub;
  readonly logs: StackLogs;
  readonly release: Releases;
  readonly began: number;
}

async function bringUp(run: StackRun): Promise<RunningStack> {
  const requested = Promise.withResolvers<void>();
  // `down` must be able to interrupt a start as well.
  const interrupt = new AbortController();
  // Known once the database has been made.
  let elsewhere: Record<string, string> = {};
  let off: readonly ServiceOff[] = run.plan.off;
  let migrations: string | null = null;
  const status = (): StackStatus => {
    const services = run.supervisor.statuses();
    const healthy = migrations === null && services.every(service => service.state === 'healthy');
    return {
      pid: process.pid,
      version: stackVersion,
      startedAt: run.state.startedAt,
      data: run.paths.data,
      moved: run.folder.isMoved,
      elsewhere,
      healthy,
      services,
      off,
      migrations,
      droppedLogLines: [...run.processes.values()].reduce(
        (sum, { droppedLogLines }) => sum + droppedLogLines,
        run.logs.dropped,
      ),
    };
  };
  const end = async (): Promise<void> => {
    interrupt.abort();
    await run.release.all();
    requested.resolve();
  };
  const handle = async (request: ControlRequest, onEvent: OnStackEvent): Promise<StackStatus | null> => {
    const deafen = run.hub.listen(onEvent);
    try {
      switch (request.command) {
        case 'status':
          await run.supervisor.check();
          elsewhere = await dataElsewhere(run.paths, run.plan.env());
          off = await lookAtOff(run.plan.off, run.registry.facts());
          if (migrations !== null && (await areApplied(run.paths, run.plan.env()))) migrations = null;
          return status();
        case 'refresh':
          await run.registry.refresh();
          return null;
        case 'restart':
          run.folder.assertUnmoved();
          assertOn(run.plan, request.service);
          await (request.service === undefined
            ? run.supervisor.restartAll()
            : run.supervisor.restart(request.service));
          return status();
        case 'stop':
          if (request.service !== undefined) {
            assertOn(run.plan, request.service);
            await run.supervisor.hold(request.service);
            return status();
          }
          await end();
          return null;
      }
    } finally {
      deafen();
    }
  };
  const control = await listenControl(run.paths.control, handle);
  run.release.add(() => {
    control.stopListening();
    run.state.end();
  });
  run.state.begin();
  recordStart(run.paths, run.options);
  run.release.add(
    whenRemoved(run.lock, () => {
      run.hub.emit({ kind: 'notice', text: `${run.paths.data} was removed while the stack ran: it stops.` });
      // What could not be stopped has nobody left to tell it to but the log.
      end().catch((error: Error) => run.hub.emit({ kind: 'failed', reason: error.message }));
    }),
  );
  const signal = AbortSignal.any([run.options.signal, interrupt.signal]);
  await run.supervisor.start(signal);
  const { applied, failure } =
    run.options.migrate === false ? { applied: 0, failure: null } : await migrate(run, signal);
  migrations = failure;
  if (run.example) await loadExample(run.example, run.registry.facts(), signal, run.hub.emit);
  if (run.example || applied > 0) {
    // The APIs look at the schema again by themselves, a moment after; the first request must find what was just loaded.
    await run.registry.refresh();
  }
  off = await lookAtOff(run.plan.off, run.registry.facts());
  for (const { title, missed } of off)
    if (missed !== undefined)
      run.hub.emit({ kind: 'notice', text: `${title} is off by configuration: ${missed}.` });
  run.release.add(watchRotations({ ...run, emit: run.hub.emit, signal: interrupt.signal }));
  recordVersion(run.paths);
  const startedInMs = Math.round(performance.now() - run.began);
  run.hub.emit({ kind: 'ready', durationMs: startedInMs });
  return {
    summary: {
      pid: process.pid,
      data: run.paths.data,
      startedInMs,
      addresses: listAddresses(run.supervisor.statuses()),
      off: run.plan.off,
      ports: run.plan.ports,
      keys: run.plan.keys,
    },
    stopRequested: requested.promise,
    status,
    stop: () => run.release.all(),
  };
}

async function migrate({ paths, plan, hub }: StackRun, signal: AbortSignal): Promise<AppliedAtStart> {
  const isOwn = services.some(
    ({ name, local }) => local?.essential && plan.engines.get(name)?.kind === 'peakstone',
  );
  return await applyAtStart({ paths, env: plan.env(), isOwn, signal, emit: hub.emit });
}

/** A database that does not answer holds no status up. */
const patienceMs = 2000;

/** Whether what could not be applied at the start is in the database by now, by whomever; false where nobody knows. */
async function areApplied(paths: StackPaths, env: EnvValues): Promise<boolean> {
  const outcome = await settleWithin(pendingMigrations(paths, env), patienceMs);
  return outcome.kind === 'done' && outcome.value.files.length === 0;
}

/** Services that are left out, with what waits for them in vain. */
async function lookAtOff(off: readonly ServiceOff[], facts: Facts): Promise<readonly ServiceOff[]> {
  return await Promise.all(
    off.map(async each => {
      const missed = await findRow(each.name)?.local?.missed?.();
      const outcome = missed && (await settleWithin(missed(facts), patienceMs));
      return outcome?.kind === 'done' && outcome.value !== null ? { ...each, missed: outcome.value } : each;
    }),
  );
}

/** How often a stack looks whether its folder is still there. */
const lookMs = 1000;

/** A stack whose folder was deleted can be found by no command, and would hold its ports for ever. Returns what ends the look. */
function whenRemoved(lock: Lock, act: () => void): () => void {
  const timer = setInterval(() => {
    if (!lock.isRemoved) return;
    clearInterval(timer);
    act();
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** What users open: the front, what is behind it by its path, then what has an address of its own. */
function listAddresses(statuses: readonly ServiceStatus[]): StackSummary['addresses'] {
  const rows = statuses.map(status => ({ ...status, row: findRow(status.name) }));
  const front = rows.find(({ row }) => row?.front);
  const others = rows.filter(({ row }) => !row?.front);
  const shown = [
    ...(front ? [front] : []),
    ...others
      .filter(({ row }) => row?.paths[0] !== undefined)
      .map(other => ({ ...other, url: front ? `${front.url}${other.row?.paths[0]}` : other.url })),
    ...others.filter(({ row }) => row?.paths[0] === undefined),
  ];
  return shown.flatMap(({ name, title, url, adminUrl }) => [
    ...(url === null ? [] : [{ service: name, title, url }]),
    ...(adminUrl === null ? [] : [{ service: name, title: `${title}, administrator`, url: adminUrl }]),
  ]);
}

/** @throws {StackError} `alreadyRunning` */
function claimFolder(paths: StackPaths, example: string | undefined): Lock {
  ensureDataFolder(paths);
  const lock = takeLock(paths.lock);
  if (lock) return lock;
  const presence = readPresence(paths);
  const state = presence.kind === 'running' ? presence.state : null;
  const where = state ? `: process ${state.pid}${frontAddress(state)}` : ', and is just starting';
  const isMoved = state?.data !== undefined && state.data !== realpathSync(paths.data);
  throw new StackError('alreadyRunning', `PeakStone already runs in ${paths.data}${where}.`, {
    hint: isMoved
      ? `Its folder was moved while it ran, from ${state?.data}. ${movedHint}`
      : example === undefined
        ? `Look at it with 'peakstone status', stop it with 'peakstone down', or start another in another folder.`
        : `An example is loaded while the stack starts: peakstone down, then peakstone up --example ${example}.`,
  });
}

/** @throws {StackError} `unknownService`, where the configuration leaves it out */
function assertOn({ off }: StackPlan, service: string | undefined): void {
  const found = off.find(({ name }) => name === service);
  if (found)
    throw new StackError('unknownService', `${found.title} is off: this stack was configured without it.`, {
      hint: `Look at services.${found.name} in peakstone.config.ts and ${upstreamVariable(found.name)} in .env, then start the stack anew.`,
    });
}

/** Of a stack with a front. */
function frontAddress({ host, ports }: StackState): string {
  const port = ports[frontOf(services).name];
  return port === undefined ? '' : `, ${httpUrl(host, port)}`;
}

async function recover(paths: StackPaths, emit: OnStackEvent): Promise<void> {
  if (!existsSync(paths.state)) return;
  // We hold the lock ourselves, so that the state can only be a remain.
  const presence = readPresence(paths);
  const state = presence.kind === 'absent' ? null : presence.state;
  if (state) emit({ kind: 'recovered', pid: state.pid });
  await endOrphans(state?.processes ?? []);
  removeState(paths);
}

async function closeAll(processes: ReadonlyMap<string, ServiceProcess>): Promise<void> {
  await Promise.all([...processes.values()].map(process => process.close()));
}
