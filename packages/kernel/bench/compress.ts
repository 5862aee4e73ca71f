/**
 * What compressing an answer costs and saves, by coding and size, at the levels that the edge uses; best of several.
 * `npm run bench -- kernel/compress`
 */
import { codecs } from '../src/http/middleware/compress/codecs.ts';
import { ENCODINGS } from '../src/http/middleware/compress/negotiate.ts';

const REPEATS = 25;

/** Rows as an API answers with them: names repeat, values less so. */
function rows(count: number): Buffer {
  const list = Array.from({ length: count }, (_, id) => ({
    id,
    title: `A film number ${(id * 7919) % 1000}`,
    year: 1950 + (id % 70),
    note: ((id * 2654435761) % 2 ** 32).toString(36),
    created_at: new Date(1.6e12 + id * 1e7).toISOString(),
  }));
  return Buffer.from(JSON.stringify(list));
}

for (const count of [10, 150, 1000, 10_000]) {
  const bytes = rows(count);
  console.log(`${bytes.length} bytes of JSON`);
  for (const encoding of ENCODINGS) {
    let best = Number.POSITIVE_INFINITY;
    let size = 0;
    for (let i = 0; i < REPEATS; i++) {
      const started = performance.now();
      size = codecs[encoding].now(bytes).length;
      best = Math.min(best, performance.now() - started);
    }
    console.log(
      `  ${encoding.padEnd(5)} ${((100 * size) / bytes.length).toFixed(0).padStart(3)} %  ${(best * 1000).toFixed(0).padStart(6)} µs`,
    );
  }
}
