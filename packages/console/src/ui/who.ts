import { createContext, useContext } from 'react';
import { type Capability, may } from '../operators/roles.ts';
import type { Who } from './token.ts';

/** Who works here; only within the shell. */
export const WhoContext = createContext<Who>({ name: '', role: 'viewer' });

/** Whether what needs this is shown; the server is who refuses it. */
export function useMay(capability: Capability): boolean {
  return may(useContext(WhoContext).role, capability);
}
