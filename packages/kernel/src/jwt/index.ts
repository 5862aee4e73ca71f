export type { JwtAlgorithm } from './algorithms.ts';
export type { Claims } from './claims.ts';
export { JwtError, type JwtErrorCode, type JwtErrorReason, JwtKeyError } from './errors.ts';
export type { Jwk, JwkSet, KeySource } from './keys.ts';
export { createRemoteVerifier, type RemoteVerifier, type RemoteVerifierOptions } from './remote.ts';
export { signJwt } from './sign.ts';
export { createVerifier, type VerifiedToken, type Verifier, type VerifierOptions } from './verifier.ts';
