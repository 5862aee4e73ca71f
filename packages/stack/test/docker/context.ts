/** What the container suites share: an engine, two builds of each image, and helpers to talk to what runs. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envText, freshValues } from '../values.ts';
import type { Engine } from './engine.ts';

export interface Images {
  readonly postgres: string;
  readonly peakstone: string;
  /** A later build of each. */
  readonly nextPostgres: string;
  readonly nextPeakstone: string;
}

export interface Suite {
  readonly engine: Engine;
  readonly images: Images;
}

/** Services that our engines cover; the others' images cannot be had without a registry. */
export const ownServices = {
  pooler: false,
  graphql: false,
  storage: false,
  'storage-bootstrap': false,
  images: false,
  'atlas-migrate': false,
  admin: false,
  logs: false,
  'logs-agent': false,
  grafana: false,
} as const;

/** A project folder with `.env`; `remove` takes it away. */
export function makeFolder(overrides: Readonly<Record<string, string | undefined>>): {
  readonly folder: string;
  readonly values: Record<string, string>;
  set(changes: Readonly<Record<string, string>>): void;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-stack-'));
  const values = freshValues(overrides);
  const write = () => writeFileSync(join(folder, '.env'), envText(values), { mode: 0o600 });
  write();
  return {
    folder,
    values,
    set: changes => {
      Object.assign(values, changes);
      write();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function signToken(secret: string, claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600, ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
