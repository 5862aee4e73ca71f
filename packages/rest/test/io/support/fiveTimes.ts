/** One request five times at once, beside a neighbour's, and what PostgreSQL takes meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, type WatchedMemory, watchServerMemory } from '@peakstone/testing';

export interface FiveAnswers {
  readonly answers: readonly Answer[];
  readonly memory: WatchedMemory;
}

interface Answer {
  readonly status: number;
  /** Its beginning. */
  readonly text: string;
  readonly bytes: number;
}

const neighbourEveryMs = 20;
const shownBytes = 2000;

/** `neighbour` asks again and again until all five have come, three times at least. */
export async function askFiveTimes(
  origin: string,
  database: Pick<TestDatabase, 'superuserUrl'>,
  path: string,
  init: RequestInit | undefined,
  neighbour: () => Promise<void>,
): Promise<FiveAnswers> {
  const answers: Answer[] = [];
  const memory = await watchServerMemory(database, async () => {
    let isOver = false;
    const asking = (async () => {
      for (let asked = 0; !isOver || asked < 3; asked++) {
        await neighbour();
        await sleep(neighbourEveryMs);
      }
    })();
    const five = Array.from({ length: 5 }, async () => {
      const response = await fetch(origin + path, init);
      const body = Buffer.from(await response.arrayBuffer());
      answers.push({
        status: response.status,
        text: body.toString('utf8', 0, shownBytes),
        bytes: body.length,
      });
    });
    await Promise.all(five).finally(() => {
      isOver = true;
    });
    await asking;
  });
  return { answers, memory };
}
