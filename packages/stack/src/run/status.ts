/** How one service is right now. */
export interface ServiceStatus {
  readonly name: string;
  readonly title: string;
  readonly engine: string;
  readonly state: 'waiting' | 'starting' | 'healthy' | 'unhealthy' | 'stopping' | 'stopped';
  /** Why it is unhealthy, or what it waits for. */
  readonly reason: string | null;
  /** The cause is in what it depends on: it mends itself when that is well, and is not restarted for it. */
  readonly elsewhere: boolean;
  /** Where clients reach it; null for what has no address of its own. */
  readonly url: string | null;
  /** The same for its administrator, where it has one. Neither holds a password. */
  readonly adminUrl: string | null;
  readonly port: number | null;
  /** Of the process that does its work; null when it is not up, or somebody else's. */
  readonly pid: number | null;
  /** Restarts since the stack came up that nobody asked for, those after a crash that the service mended itself included. */
  readonly restarts: number;
  /** Restarts that somebody asked for: by command, or by rotating a secret. */
  readonly restartsOnRequest: number;
  /** Secrets that are others in the settings than those it was started with: it goes on with the old ones until it is restarted. */
  readonly outdatedSecrets: readonly string[];
  /** ISO 8601; null until it was healthy once. */
  readonly healthySince: string | null;
}

/** A service that takes no part because somebody said so. */
export interface ServiceOff {
  readonly name: string;
  readonly title: string;
  /** What waits for it in vain, where something does. */
  readonly missed?: string;
}

export interface StackStatus {
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  readonly data: string;
  /** Its folder was moved while it ran: it serves on, but begins nothing anew until it is stopped and started. */
  readonly moved: boolean;
  /** Folders outside of it that hold data, by service: a copy of `data` lacks them. */
  readonly elsewhere: Readonly<Record<string, string>>;
  readonly healthy: boolean;
  readonly services: readonly ServiceStatus[];
  /** Services that the configuration leaves out: they are neither well nor ill. */
  readonly off: readonly ServiceOff[];
  /** Why migrations of the project could not be applied at the start, for as long as they are pending. */
  readonly migrations: string | null;
  /** Lines that the log files' disk refused. */
  readonly droppedLogLines: number;
}
