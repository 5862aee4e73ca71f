/** Tokens of the cases, which the recording leaves out: what each test's name says of them. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Case } from './cases.ts';

type Claims = Record<string, unknown>;

export interface TokenMaker {
  /** `HASURA_GRAPHQL_JWT_SECRET` of the case's class. */
  readonly secret: string;
  /** The header that bears the case's token. */
  header(each: Case): Readonly<Record<string, string>>;
}

const mapped = 'https://myapp.com/jwt/claims';

/** Keys of the algorithm that a class is marked with. */
export function makeTokens([algorithm, settings = {}]: readonly [
  string,
  Readonly<Record<string, unknown>>?,
]): TokenMaker {
  const { privateKey, publicKey, type, alg } = makeKeys(algorithm);
  const configuration: Record<string, unknown> = {
    type,
    key: publicKey.export({ type: 'spki', format: 'pem' }),
    ...settings,
  };
  return {
    secret: JSON.stringify(configuration),
    header(each) {
      const claims = claimsOf(each.test, configuration);
      const isWrong = each.test === 'test_jwt_invalid_signature';
      const token = isWrong ? encode(claims, 'HS256', null) : encode(claims, alg, privateKey);
      const header = settings.header as { readonly type: string; readonly name: string } | undefined;
      if (header?.type === 'Cookie') return { Cookie: `${header.name}=${token}` };
      return header?.type === 'CustomHeader'
        ? { [header.name]: token }
        : { Authorization: `Bearer ${token}` };
    },
  };
}

function makeKeys(algorithm: string) {
  if (algorithm === 'ed25519') return { ...generateKeyPairSync('ed25519'), type: 'Ed25519', alg: 'EdDSA' };
  if (algorithm === 'es')
    return { ...generateKeyPairSync('ec', { namedCurve: 'prime256v1' }), type: 'ES256', alg: 'ES256' };
  return { ...generateKeyPairSync('rsa', { modulusLength: 2048 }), type: 'RS512', alg: 'RS512' };
}

function encode(claims: Claims, alg: string, key: KeyObject | null): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  if (key === null) return `${signed}.${Buffer.from('wrong').toString('base64url')}`;
  const hash = alg === 'EdDSA' ? null : alg === 'ES256' ? 'sha256' : 'sha512';
  const signature = sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function claimsOf(test: string, configuration: Readonly<Record<string, unknown>>): Claims {
  const now = Math.floor(Date.now() / 1000);
  const claims: Claims = { sub: '1234567890', name: 'John Doe', iat: now, exp: now + 36_000 };
  if (configuration.claims_map) {
    claims[mapped] = mappedClaims(test);
  } else {
    setClaims(claims, hasuraClaims(test), configuration);
  }
  if (test === 'test_jwt_expired') claims.exp = now - 60;
  if (test === 'test_jwt_expiry_leeway') claims.exp = now - 30;
  if (test === 'test_jwt_expiry') claims.exp = now + 4;
  const [audience] = [configuration.audience].flat();
  if (test === 'test_jwt_no_audience_in_conf') claims.aud = 'hasura-test-suite';
  if (test === 'test_jwt_valid_audience') claims.aud = audience;
  if (test === 'test_jwt_invalid_audience') claims.aud = 'rubbish_audience';
  if (test === 'test_jwt_no_issuer_in_conf') claims.iss = 'rubbish-issuer';
  if (test === 'test_jwt_valid_issuer') claims.iss = configuration.issuer;
  if (test === 'test_jwt_invalid_issuer') claims.iss = 'rubbish_issuer';
  return claims;
}

function hasuraClaims(test: string): Claims {
  const claims: Claims = {
    'x-hasura-user-id': '1',
    'x-hasura-allowed-roles': ['user', 'editor'],
    'x-hasura-default-role': 'user',
  };
  if (test === 'test_jwt_invalid_role_in_request_header') {
    claims['x-hasura-allowed-roles'] = ['contractor', 'editor'];
    claims['x-hasura-default-role'] = 'contractor';
  }
  if (test === 'test_jwt_no_allowed_roles_in_claim') delete claims['x-hasura-allowed-roles'];
  if (test === 'test_jwt_invalid_allowed_roles_in_claim') claims['x-hasura-allowed-roles'] = 'user';
  if (test === 'test_jwt_no_default_role') delete claims['x-hasura-default-role'];
  return claims;
}

function mappedClaims(test: string): Claims {
  const user: Claims = { id: '1' };
  const role: Claims = { allowed: ['user', 'editor'], default: 'user' };
  if (test === 'test_jwt_claims_map_invalid_role_in_request_header') {
    role.allowed = ['contractor', 'editor'];
    role.default = 'contractor';
  }
  if (test === 'test_jwt_claims_map_no_allowed_roles_in_claim') delete role.allowed;
  if (test === 'test_jwt_claims_map_invalid_allowed_roles_in_claim') role.allowed = 'user';
  if (test === 'test_jwt_claims_map_no_default_role') delete role.default;
  if (test === 'test_jwt_claims_map_claim_not_found') delete user.id;
  return { user, role };
}

function setClaims(
  claims: Claims,
  given: Claims,
  { claims_format: format, claims_namespace_path: path }: Readonly<Record<string, unknown>>,
): void {
  const value = format === 'stringified_json' ? JSON.stringify(given) : given;
  switch (path) {
    case undefined:
      claims['https://hasura.io/jwt/claims'] = value;
      return;
    case '$':
      Object.assign(claims, given);
      return;
    case '$.hasura_claims':
      claims.hasura_claims = value;
      return;
    case '$.hasura.claims':
      claims.hasura = { claims: value };
      return;
    default:
      claims.hasura = { 'claims%': value };
  }
}
