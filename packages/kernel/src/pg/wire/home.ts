import { homedir } from 'node:os';

/** The user's folder; null for a user whom the system does not know, as a container may have. */
export function homeFolder(): string | null {
  try {
    return homedir();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return null;
    throw error;
  }
}
