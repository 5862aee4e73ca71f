import { isHost } from '../../checks/addresses.ts';
import { matches } from '../../checks/check.ts';
import { isSigningKey } from '../../checks/secrets.ts';
import { key, passwordVariable, type Variable } from '../../variable.ts';

/** Of `peakstone up`: in containers there is no console yet. */
export const consoleVariables: readonly Variable[] = [
  {
    name: 'PEAKSTONE_CONSOLE',
    group: 'Console',
    comment: 'true turns on the preview of the web console (peakstone up).',
    value: 'true',
    checks: [matches(/^(?:true|false)$/, 'it is neither true nor false', 'leave it out for false')],
    optional: true,
  },
  {
    name: 'CONSOLE_SECRET',
    group: 'Console',
    comment: 'Signs in as the console’s first operator, who names others (peakstone up).',
    generate: key,
    checks: [isSigningKey],
    dokploy: false,
  },
  { ...passwordVariable('CONSOLE_VIEWER_PASSWORD', 'Console'), dokploy: false },
  { ...passwordVariable('CONSOLE_EDITOR_PASSWORD', 'Console'), dokploy: false },
  {
    name: 'DOMAIN_CONSOLE',
    group: 'Console',
    comment: 'Its host, where a proxy of yours leads to peakstone up.',
    value: 'console.example.com',
    checks: [isHost],
    optional: true,
  },
];
