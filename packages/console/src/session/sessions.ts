/**
 * Who has signed in. A session has two secrets: its id, in a cookie that scripts cannot read, and a token that the page keeps, so
 * that neither a stolen cookie nor another site's request is enough. Only hashes are kept; they outlast a restart.
 */
import { existsSync, readFileSync } from 'node:fs';
import { writeFileDurably } from '@peakstone/kernel/durable';
import type { Role } from '../operators/roles.ts';
import { hashToken, isSame, makeToken } from './token.ts';

export const IDLE_MS = 30 * 60_000;
export const LIFETIME_MS = 12 * 3_600_000;
/** Sessions at most; the one that was used longest ago goes. */
const MAX_SESSIONS = 200;
/** How often the file learns that a session is used. */
const SAVE_MS = 60_000;

export interface Session {
  readonly name: string;
  readonly role: Role;
  readonly tokenHash: string;
  readonly begunAt: number;
  readonly from: string;
  usedAt: number;
  /** Until when a password was given lately enough for what asks for it again. */
  elevatedUntil?: number;
}

export class Sessions {
  readonly #file: string;
  readonly #now: () => number;
  readonly #byId = new Map<string, Session>();
  #savedAt = 0;

  constructor(file: string, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    for (const [id, session] of readSessions(file)) if (this.#isAlive(session)) this.#byId.set(id, session);
  }

  /** @returns the two secrets, which are nowhere else */
  begin(name: string, role: Role, from: string): { id: string; token: string } {
    const [id, token] = [makeToken(), makeToken()];
    const now = this.#now();
    if (this.#byId.size >= MAX_SESSIONS) this.#dropOldest();
    this.#byId.set(hashToken(id), {
      name,
      role,
      tokenHash: hashToken(token),
      begunAt: now,
      usedAt: now,
      from,
    });
    this.#save();
    return { id, token };
  }

  /** The session of these two, which is used by that; null when there is none. */
  find(id: string | undefined, token: string | undefined): Session | null {
    if (id === undefined || token === undefined) return null;
    const key = hashToken(id);
    const session = this.#byId.get(key);
    if (session === undefined) return null;
    if (!this.#isAlive(session)) {
      this.#byId.delete(key);
      this.#save();
      return null;
    }
    if (!isSame(session.tokenHash, hashToken(token))) return null;
    session.usedAt = this.#now();
    if (session.usedAt - this.#savedAt > SAVE_MS) this.#save();
    return session;
  }

  end(id: string): void {
    if (this.#byId.delete(hashToken(id))) this.#save();
  }

  /** Of a person whose rights have changed. */
  endOf(name: string): void {
    for (const [key, session] of this.#byId) if (session.name === name) this.#byId.delete(key);
    this.#save();
  }

  #isAlive({ begunAt, usedAt }: Session): boolean {
    const now = this.#now();
    return now - usedAt < IDLE_MS && now - begunAt < LIFETIME_MS && begunAt <= now + LIFETIME_MS;
  }

  #dropOldest(): void {
    const [oldest] = [...this.#byId].toSorted(([, one], [, other]) => one.usedAt - other.usedAt);
    if (oldest) this.#byId.delete(oldest[0]);
  }

  #save(): void {
    this.#savedAt = this.#now();
    writeFileDurably(this.#file, JSON.stringify([...this.#byId]), 0o600);
  }
}

/** What cannot be read is nobody's session: people sign in again. */
function readSessions(file: string): readonly (readonly [string, Session])[] {
  if (!existsSync(file)) return [];
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as [string, Session][];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
