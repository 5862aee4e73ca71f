import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { type Check, fail, ok, warn } from '../../project/check.ts';

const megabyte = 1024 * 1024;
/** What an idle stack takes, and as much again for work. */
const comfortableMemory = 512 * megabyte;
const minimumFiles = 4096;

/** What the machine offers: platform, Node, memory, open files. */
export function checkMachine(): Check[] {
  return [checkPlatform(), checkNode(), checkMemory(), ...checkOpenFiles()];
}

function checkPlatform(): Check {
  const name = `${process.platform} ${process.arch}, ${availableParallelism()} CPU${availableParallelism() === 1 ? '' : 's'}`;
  if (process.platform === 'linux' || process.platform === 'darwin') return ok('Platform', name);
  return fail('Platform', name, 'The embedded PostgreSQL needs Linux or macOS; on Windows use WSL.');
}

function checkNode(): Check {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= 24) return ok('Node', node);
  return fail('Node', node, 'Start with npm, which brings Node 24, or install Node 24.');
}

function checkMemory(): Check {
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const available = process.availableMemory?.() ?? freemem();
  const found = `${Math.round(available / megabyte)} MB available of ${Math.round(total / megabyte)} MB`;
  if (available >= comfortableMemory) return ok('Memory', found);
  return warn('Memory', found, 'An idle stack takes up to 250 MB; leave it 512 MB.');
}

function checkOpenFiles(): Check[] {
  if (process.platform !== 'linux') return [];
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  const limit = line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1] ?? 0);
  if (limit >= minimumFiles) return [ok('Open files', String(limit))];
  return [
    warn(
      'Open files',
      `limited to ${limit}`,
      `Each client takes one: raise it with 'ulimit -n 65536' or LimitNOFILE=.`,
    ),
  ];
}
