/**
 * What checking a bulk insert's body costs: the scanner against JSON.parse with the same checks on its result.
 * Run: npm run bench -- rest/payload
 */
import { runWhole } from '@peakstone/kernel/pace';
import { scanJson } from '../src/parse/payload/json.ts';

const rows = Array.from({ length: 10_000 }, (_, id) => ({
  id,
  name: `person number ${id}`,
  email: `p${id}@example.com`,
  tags: ['a', 'b'],
  place: { x: 1.5, y: -2 },
}));
const body = Buffer.from(JSON.stringify(rows));

function parseAndCompare(): boolean {
  const parsed = JSON.parse(body.toString('utf8')) as Record<string, unknown>[];
  const keys = Object.keys(parsed[0]!).sort().join('\0');
  return parsed.every(row => Object.keys(row).sort().join('\0') === keys);
}

const contenders: readonly (readonly [string, () => unknown])[] = [
  ['scanner', () => runWhole(scanJson(body))],
  ['JSON.parse', parseAndCompare],
];

const rounds = 9;
const repeats = 10;
const times = new Map(contenders.map(([name]) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of contenders) {
    run();
    const startedAt = performance.now();
    for (let i = 0; i < repeats; i++) run();
    times.get(name)!.push((performance.now() - startedAt) / repeats);
  }
}
console.log(`${(body.length / 1e6).toFixed(2)} MB, median of ${rounds} interleaved rounds`);
for (const [name, values] of times) {
  const median = values.toSorted((a, b) => a - b)[rounds >> 1]!;
  console.log(`${name.padEnd(12)} ${median.toFixed(2)} ms  ${(body.length / 1e3 / median).toFixed(0)} MB/s`);
}
