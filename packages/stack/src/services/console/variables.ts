import { isSigningKey } from '../../checks/secrets.ts';
import { hostVariable, key, type Variable } from '../../variable.ts';

export const consoleVariables: readonly Variable[] = [
  {
    name: 'CONSOLE_SECRET',
    group: 'Console',
    comment: 'Signs in as its first operator, who names others.',
    generate: key,
    checks: [isSigningKey],
  },
  hostVariable('DOMAIN_CONSOLE', 'Console', 'console.example.com'),
];
