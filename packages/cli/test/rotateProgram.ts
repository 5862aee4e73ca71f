/** Rotates all secrets of the project in a folder, and is killed when a step is done: FOLDER STEP. */
import { findProject, locateStack, rotateStackSecrets } from '@peakstone/stack';

const [folder = '', last = ''] = process.argv.slice(2);
await rotateStackSecrets(
  locateStack(findProject(folder)),
  process.env,
  [],
  () => undefined,
  step => {
    if (step === last) process.kill(process.pid, 'SIGKILL');
  },
);
