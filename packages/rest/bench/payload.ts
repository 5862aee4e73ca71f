/**
 * What reading a bulk insert's body costs: the same rows as JSON, as CSV, and one row's worth as a form, beside JSON.parse
 * with the same checks on its result.
 * Run: npm run bench -- rest/payload
 */
import { runWhole } from '@peakstone/kernel/pace';
import type { MediaType } from '../src/parse/media.ts';
import { parsePayload } from '../src/parse/payload.ts';

const rows = Array.from({ length: 10_000 }, (_, id) => ({
  id,
  name: `person number ${id}`,
  email: `p${id}@example.com`,
  note: 'met at the fair, "call back"',
  place: 17.25,
}));
const json = Buffer.from(JSON.stringify(rows));
const csv = Buffer.from(
  `id,name,email,note,place\n${rows.map(row => `${row.id},${row.name},${row.email},"${row.note.replaceAll('"', '""')}",${row.place}`).join('\n')}`,
);
const form = Buffer.from(`id=1&name=${encodeURIComponent(rows.map(row => row.note).join(' '))}`);

const read = (body: Buffer, kind: MediaType['kind']) => (): unknown =>
  runWhole(parsePayload(body, { kind } as MediaType, 'relation', null, () => {}));

function parseAndCompare(): boolean {
  const parsed = JSON.parse(json.toString('utf8')) as Record<string, unknown>[];
  const keys = Object.keys(parsed[0]!).sort().join('\0');
  return parsed.every(row => Object.keys(row).sort().join('\0') === keys);
}

const contenders: readonly (readonly [string, Buffer, () => unknown])[] = [
  ['JSON', json, read(json, 'json')],
  ['CSV', csv, read(csv, 'csv')],
  ['form', form, read(form, 'form')],
  ['JSON.parse', json, parseAndCompare],
];

const rounds = 9;
const repeats = 10;
const times = new Map(contenders.map(([name]) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const [name, , run] of contenders) {
    run();
    const startedAt = performance.now();
    for (let i = 0; i < repeats; i++) run();
    times.get(name)!.push((performance.now() - startedAt) / repeats);
  }
}
console.log(`${rows.length} rows, median of ${rounds} interleaved rounds`);
for (const [name, { length }] of contenders) {
  const median = times.get(name)!.toSorted((a, b) => a - b)[rounds >> 1]!;
  console.log(
    `${name.padEnd(12)} ${(length / 1e6).toFixed(2)} MB  ${median.toFixed(2)} ms  ${(length / 1e3 / median).toFixed(0)} MB/s`,
  );
}
