/** The people who may sign in, in a file of the stack's own folder. Passwords are there as scrypt's hashes alone. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { writeFileDurably } from '@peakstone/kernel/durable';
import type { Operator, Role } from './roles.ts';

const derive = promisify(scrypt) as (secret: string, salt: Buffer, bytes: number) => Promise<Buffer>;

interface Kept {
  readonly role: Role;
  readonly salt: string;
  readonly hash: string;
  readonly madeAt: string;
}

export interface OperatorEntry extends Operator {
  readonly madeAt: string;
}

export class OperatorStore {
  readonly #file: string;
  readonly #byName: Map<string, Kept>;
  /** One at a time: each hash takes 16 MB and a thread for a while. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws where the file cannot be read: who may sign in is not guessed */
  constructor(file: string) {
    this.#file = file;
    this.#byName = new Map(
      existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as [string, Kept][]) : [],
    );
  }

  list(): readonly OperatorEntry[] {
    return [...this.#byName].map(([name, { role, madeAt }]) => ({ name, role, madeAt }));
  }

  async put(name: string, role: Role, password: string): Promise<void> {
    const salt = randomBytes(16);
    const hash = await this.#hash(password, salt);
    this.#byName.set(name, {
      role,
      salt: salt.toString('base64'),
      hash: hash.toString('base64'),
      madeAt: new Date().toISOString(),
    });
    this.#save();
  }

  /** @returns whether there was one */
  remove(name: string): boolean {
    const was = this.#byName.delete(name);
    if (was) this.#save();
    return was;
  }

  /** Takes as long for a name that there is not. */
  async check(name: string, password: string): Promise<Operator | null> {
    const kept = this.#byName.get(name);
    const hash = await this.#hash(password, Buffer.from(kept?.salt ?? 'nobody', 'base64'));
    const isRight = kept !== undefined && timingSafeEqual(hash, Buffer.from(kept.hash, 'base64'));
    return isRight ? { name, role: kept.role } : null;
  }

  #hash(password: string, salt: Buffer): Promise<Buffer> {
    const hashed = this.#turn.then(() => derive(password, salt, 32));
    this.#turn = hashed.catch(() => undefined);
    return hashed;
  }

  #save(): void {
    writeFileDurably(this.#file, JSON.stringify([...this.#byName], null, 2), 0o600);
  }
}
