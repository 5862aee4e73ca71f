/** Authentication refusals: PGRST3xx, with the challenge each one carries. */
import type { JwtError } from '@peakstone/kernel/jwt';
import { RestError } from './restError.ts';

/** A token's refusal: PGRST300 without a secret, PGRST301 undecodable, PGRST302 none where one is needed, PGRST303 ruled out by a claim. */
export const jwtRefused = (error: JwtError): RestError =>
  new RestError(error.code, error.message, {
    details: error.details,
    status: error.status,
    headers: error.wwwAuthenticate === null ? [] : ['WWW-Authenticate', error.wwwAuthenticate],
    cause: error,
  });
