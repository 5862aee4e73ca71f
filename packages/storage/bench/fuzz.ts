/** `npm run bench -- storage/fuzz [COUNT] [SEED]`: so many odd requests (default 200,000); prints what came back, and what we failed at. */

import { fuzz } from '../test/fuzz/run.ts';
import { startTestServer } from '../test/support/server.ts';

const [count = '200000', seed = String(Date.now())] = process.argv.slice(2);
const server = await startTestServer({ MINIO_KMS_SECRET_KEY: `k:${Buffer.alloc(32).toString('base64')}` });
try {
  await server.call({ method: 'PUT', bucket: 'fuzz' });
  await server.call({
    method: 'PUT',
    bucket: 'fuzz-locked',
    headers: { 'x-amz-bucket-object-lock-enabled': 'true' },
  });
  const { statuses, failures } = await fuzz(server.service, Number(count), Number(seed));
  console.log(
    [...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => `${status}: ${times}`)
      .join(', '),
  );
  for (const failure of failures.slice(0, 20)) console.log(failure);
  console.log(`${count} requests of seed ${seed}, ${failures.length} failed on our side`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await server.stop();
}
