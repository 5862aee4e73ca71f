/** The console's calls, typed by the table that answers them. */
import { callsOf } from '../ui/client.ts';
import type { Api } from './index.ts';

export const { call, stream } = callsOf<Api>();
