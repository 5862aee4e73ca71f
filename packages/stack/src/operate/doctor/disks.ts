/** Room on the disks of everything that a stack fills. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Check, fail, ok, warn } from '../../project/check.ts';
import type { FilledPlace } from '../../services/local.ts';

const megabyte = 1024 * 1024;
const minimumBytes = 200 * megabyte;
const comfortableBytes = 2048 * megabyte;

/** A disk, and what of the stack lies on it. */
interface Disk {
  /** Of the first of them, or the nearest folder above that is there. */
  readonly place: string;
  readonly of: string[];
}

/** A line for each disk. The places need not exist yet. */
export function checkDisks(places: readonly FilledPlace[]): Check[] {
  const disks = new Map<number, Disk>();
  const checks: Check[] = [];
  for (const { what, place } of places) {
    try {
      const there = nearest(place);
      const { dev } = statSync(there);
      const { of } = disks.get(dev) ?? disks.set(dev, { place: there, of: [] }).get(dev)!;
      if (!of.includes(what)) of.push(what);
    } catch (error) {
      checks.push(fail('Disk', `${place} (${what}): ${(error as Error).message}`, 'Choose another folder.'));
    }
  }
  return [...[...disks.values()].map(checkDisk), ...checks];
}

function checkDisk({ place, of }: Disk): Check {
  const { bavail, bsize } = statfsSync(place);
  return judgeRoom(bavail * bsize, `${place}, for ${listed(of)}`);
}

/** Pure. */
export function judgeRoom(freeBytes: number, where: string): Check {
  const found = `${Math.round(freeBytes / megabyte)} MB free at ${where}`;
  if (freeBytes >= comfortableBytes) return ok('Disk', found);
  return freeBytes >= minimumBytes
    ? warn('Disk', found, 'Free some space, before what lies there cannot be written any more.')
    : fail('Disk', found, 'Free at least 200 MB there, or name a place with more room.');
}

function nearest(place: string): string {
  return existsSync(place) || dirname(place) === place ? place : nearest(dirname(place));
}

function listed(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
