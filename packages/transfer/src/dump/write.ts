/** A dump's text, as pg_dump lays it out. */
import { randomBytes } from 'node:crypto';
import type { DumpObject } from './object.ts';

export interface Heading {
  readonly name: string;
  readonly kind: string;
  readonly schema: string;
  readonly owner: string | null;
}

/** What a restore must not depend on: settings of whoever restores. */
export function renderOpening(serverVersion: string, key: string): string {
  return `--
-- PostgreSQL database dump
--

${renderRestrict(key)}
-- Dumped from database version ${inOneLine(serverVersion)}
-- Dumped by PeakStone

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

`;
}

export function renderClosing(key: string): string {
  return `--
-- PostgreSQL database dump complete
--

${renderUnrestrict(key)}
`;
}

/**
 * From here on psql takes no commands: what follows are texts of the server's, which means harm perhaps to whoever restores
 * them (CVE-2025-8714).
 */
export function renderRestrict(key: string): string {
  return `\\restrict ${key}\n`;
}

export function renderUnrestrict(key: string): string {
  return `\\unrestrict ${key}\n`;
}

/** What no server can guess. */
export function randomKey(): string {
  return randomBytes(32).toString('hex');
}

export function renderHeading({ name, kind, schema, owner }: Heading, prefix = ''): string {
  return `--
-- ${prefix}Name: ${inOneLine(name)}; Type: ${kind}; Schema: ${inOneLine(schema || '-')}; Owner: ${inOneLine(owner ?? '-')}
--

`;
}

/** A name may hold anything; a line of its own in it would be run. */
function inOneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** DROP, for --clean. A part of a table names it behind a zero character. Null where the object goes with another. */
export function renderDrop({ kind, dropped, dropStatement }: DumpObject): string | null {
  if (dropStatement !== undefined) return dropStatement;
  if (dropped === null) return null;
  const [object, table] = dropped.split('\0') as [string, string | undefined];
  const space = object.indexOf(' ');
  const word = object.slice(0, space);
  const name = object.slice(space + 1);
  if (table === undefined) {
    // The kind may be two words, as in FOREIGN TABLE.
    const command = object.startsWith(`${kind} `) ? kind : word;
    return `DROP ${command} IF EXISTS ${object.slice(command.length + 1)};`;
  }
  return word === 'CONSTRAINT'
    ? `ALTER TABLE IF EXISTS ONLY ${table} DROP CONSTRAINT IF EXISTS ${name};`
    : `DROP ${word} IF EXISTS ${name} ON ${table};`;
}
