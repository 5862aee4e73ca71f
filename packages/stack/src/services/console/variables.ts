import { isHost } from '../../checks/addresses.ts';
import { isSigningKey } from '../../checks/secrets.ts';
import { key, type Variable } from '../../variable.ts';

/** Of `peakstone up`: in containers there is no console yet. */
export const consoleVariables: readonly Variable[] = [
  {
    name: 'CONSOLE_SECRET',
    group: 'Console',
    comment: 'Signs in as the console’s first operator, who names others (peakstone up).',
    generate: key,
    checks: [isSigningKey],
    dokploy: false,
  },
  {
    name: 'DOMAIN_CONSOLE',
    group: 'Console',
    comment: 'Its host, where a proxy of yours leads to peakstone up.',
    value: 'console.example.com',
    checks: [isHost],
    optional: true,
  },
];
