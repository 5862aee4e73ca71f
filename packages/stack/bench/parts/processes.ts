import { readdirSync, readFileSync } from 'node:fs';

/** A process and all its descendants, whatever session they moved to. Linux only. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree: number[] = [];
  const visit = (pid: number): void => {
    tree.push(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  visit(root);
  return tree;
}

/**
 * Memory of a process in kB; null when it is gone. `Pss`, the proportional set size: what is shared with others counts by
 * its share, so that the sum over all processes is what they really take. `Private_Dirty`: what it has to itself and wrote,
 * which depends on no other process.
 */
export function residentKb(pid: number, kind: 'Pss' | 'Private_Dirty'): number | null {
  const rollup = readProc(`/proc/${pid}/smaps_rollup`);
  const match = rollup === null ? null : new RegExp(`^${kind}:\\s+(\\d+) kB`, 'm').exec(rollup);
  return match ? Number(match[1]) : null;
}

export function commandOf(pid: number): string {
  return (readProc(`/proc/${pid}/cmdline`) ?? '').split('\0')[0]?.split('/').at(-1) ?? '';
}

function parentOf(pid: number): number | null {
  const stat = readProc(`/proc/${pid}/stat`);
  // The command in parentheses may hold spaces and parentheses itself.
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Null when the process has ended meanwhile. */
function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
