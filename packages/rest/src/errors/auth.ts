/** Authentication refusals: PGRST3xx, with the challenge each one carries. */
import { RestError } from './restError.ts';

/** The header of a 401 that names the token as the cause. @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
const invalidToken = (description: string): readonly string[] => [
  'WWW-Authenticate',
  `Bearer error="invalid_token", error_description=${JSON.stringify(description)}`,
];

/** PGRST300 */
export const jwtSecretMissing = (): RestError => new RestError('PGRST300', 'Server lacks JWT secret');

/** PGRST301: the token cannot be decoded or its signature not verified. */
export const jwtUndecodable = (message: string, details: string | null = null): RestError =>
  new RestError('PGRST301', message, { details, headers: invalidToken(message) });

/** PGRST302 */
export const jwtRequired = (): RestError =>
  new RestError('PGRST302', 'Anonymous access is disabled', { headers: ['WWW-Authenticate', 'Bearer'] });

/** PGRST303: the token is genuine, but a claim rules it out. */
export const jwtClaims = (message: string): RestError =>
  new RestError('PGRST303', message, { headers: invalidToken(message) });
