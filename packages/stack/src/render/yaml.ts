import { stringify } from 'yaml';

/** YAML as rendered files have it: block scalars, no folding, no anchors, keys in the order given; what YAML 1.1 would misread (`no`) is quoted. A comment goes on top. */
export function toYaml(value: unknown, comment?: string): string {
  const text = stringify(value, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    defaultStringType: 'PLAIN',
    defaultKeyType: 'PLAIN',
    compat: 'yaml-1.1',
  });
  const head =
    comment === undefined
      ? ''
      : `${comment
          .split('\n')
          .map(line => (line === '' ? '#' : `# ${line}`))
          .join('\n')}\n\n`;
  return head + text;
}
