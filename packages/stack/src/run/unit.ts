import type { Health, Running } from '@peakstone/kernel/service';
import { settleWithin } from '@peakstone/kernel/service';
import type { RunningService } from '../services/local.ts';
import type { ServiceStatus } from './status.ts';

/** One thing that the supervisor starts, watches and stops. */
export interface Unit {
  readonly name: string;
  readonly title: string;
  /** `external`: somebody else's, so that it is looked at but neither waited for nor restarted. */
  readonly engine: 'peakstone' | 'external';
  /** Nothing else of the stack can do without it, whoever runs it. */
  readonly essential: boolean;
  /** It starts itself again when it ends, so that ill health alone is never a reason to. */
  readonly mendsItself: boolean;
  /** Names of units that must be healthy before this one starts. */
  readonly needs: readonly string[];
  /** Others that the stack's start has up before it, and its end stops after it. It can do without them, and comes back without them. */
  readonly after: readonly string[];
  readonly url: string | null;
  readonly adminUrl: string | null;
  readonly port: number | null;
  /**
   * On failure or abort it releases whatever it took, then throws. `step` tells of what takes a while, `crashed` that the
   * service ended unasked and starts itself again.
   */
  start(signal: AbortSignal, step: (text: string) => void, crashed: () => void): Promise<RunningService>;
  /** Names of secrets that are others now than when it was last started. */
  outdatedSecrets?(): readonly string[];
  /** Gives back what it holds between two lives of the service: it is not expected again. */
  release?(): void;
}

/** What the supervisor knows of a unit. */
export interface Entry {
  readonly unit: Unit;
  running: RunningService | null;
  state: ServiceStatus['state'];
  reason: string | null;
  /** The reason lies in what it depends on. */
  elsewhere: boolean;
  restarts: number;
  restartsOnRequest: number;
  /** Failures in a row, for the back-off. */
  failures: number;
  /** Stopped on request: the watch leaves it alone. */
  held: boolean;
  /** For people. */
  healthySince: Date | null;
  /** By a clock that is never put right, as are all that follow. */
  healthyAt: number;
  unhealthySince: number;
  /** Looks in a row that found it ill while what it needs was well, and the time that these stand for. */
  illLooks: number;
  illMs: number;
  lastLookAt: number;
  nextAttemptAt: number;
  /** A start, restart or stop is under way. */
  busy: Promise<unknown> | null;
}

export function newEntry(unit: Unit): Entry {
  return {
    unit,
    running: null,
    state: 'waiting',
    reason: null,
    elsewhere: false,
    restarts: 0,
    restartsOnRequest: 0,
    failures: 0,
    held: false,
    healthySince: null,
    healthyAt: 0,
    unhealthySince: 0,
    illLooks: 0,
    illMs: 0,
    lastLookAt: 0,
    nextAttemptAt: 0,
    busy: null,
  };
}

export function becomeHealthy(entry: Entry): void {
  entry.state = 'healthy';
  entry.reason = null;
  entry.elsewhere = false;
  entry.illLooks = 0;
  entry.illMs = 0;
  entry.healthySince = new Date();
  entry.healthyAt = performance.now();
}

/** What others are told of it. Pure. */
export function statusOf(entry: Entry): ServiceStatus {
  const { unit, running, state, reason, elsewhere, restarts, restartsOnRequest, healthySince } = entry;
  return {
    name: unit.name,
    title: unit.title,
    engine: unit.engine,
    state,
    reason,
    elsewhere,
    url: unit.url,
    adminUrl: unit.adminUrl,
    port: unit.port,
    pid: running?.pid?.() ?? null,
    restarts,
    restartsOnRequest,
    outdatedSecrets: (running && unit.outdatedSecrets?.()) ?? [],
    healthySince: healthySince?.toISOString() ?? null,
  };
}

/** External services are only looked at, but for what all the others need. */
export function isOurs(unit: Unit): boolean {
  return unit.engine === 'peakstone' || unit.essential;
}

/** A health that neither throws nor hangs, whatever the service does. */
export async function healthOf(running: Running): Promise<Health> {
  const outcome = await settleWithin(running.health(), 2000);
  if (outcome.kind === 'done') return outcome.value;
  return { ok: false, reason: outcome.kind === 'late' ? 'no answer within 2 s' : outcome.error.message };
}

/** The entries of all that cannot be well without this one. Pure. */
export function dependentsOf(entries: ReadonlyMap<string, Entry>, on: Entry): Entry[] {
  const found = new Set([on]);
  for (const entry of inOrderOfNeed(entries))
    if (entry.unit.needs.some(need => found.has(entries.get(need)!))) found.add(entry);
  found.delete(on);
  return [...found];
}

/** Whatever starts before a unit. Pure. */
export function beforeOf({ needs, after }: Unit): readonly string[] {
  return [...needs, ...after];
}

/** The entries in an order in which every unit follows those that start before it. Pure. */
export function inOrderOfNeed(entries: ReadonlyMap<string, Entry>): Entry[] {
  const ordered: Entry[] = [];
  const visit = (entry: Entry): void => {
    if (ordered.includes(entry)) return;
    for (const name of beforeOf(entry.unit)) visit(entries.get(name)!);
    ordered.push(entry);
  };
  for (const entry of entries.values()) visit(entry);
  return ordered;
}
