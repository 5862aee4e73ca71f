/** The areas of the console, in the order of the rail. One to come is a folder and a row here; the shell does not change. */
import type { ComponentType } from 'react';
import type { Capability } from '../operators/roles.ts';

export interface Area {
  readonly name: string;
  readonly title: string;
  /** A path in a box of 20 × 20, drawn as a line. */
  readonly icon: string;
  /** What the operator must be able to do for it to be shown. */
  readonly capability: Capability;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

export const areas: readonly Area[] = [
  {
    name: 'data',
    title: 'Data',
    icon: 'M3 4h14v12H3zM3 8h14M3 12h14M8 8v8',
    capability: 'view',
    load: () => import('../areas/data/web/DataArea.tsx'),
  },
  {
    name: 'sql',
    title: 'SQL',
    icon: 'm4 6 4 4-4 4M10 15h6',
    capability: 'view',
    load: () => import('../areas/sql/web/SqlArea.tsx'),
  },
  {
    name: 'operators',
    title: 'Operators',
    icon: 'M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 17c.6-3 3-4.5 6-4.5s5.400 1.500 6 4.500',
    capability: 'administer',
    load: () => import('../areas/operators/web/OperatorsArea.tsx'),
  },
];
