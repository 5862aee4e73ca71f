/** Checks of secrets: that they are ones, and of the shape that their reader takes. */
import { type Complaint, error, type ValueCheck, warning } from './check.ts';

/** `deploy env` keeps what is there, weak or not. */
const replace = 'take its line out of .env, then generate a new one: peakstone deploy env';

/** Values that stand in examples, which everyone knows. */
const wellKnown =
  /^(?:supersecret|minioadminsecret|pgadminsecret|hasura-admin-secret|psappsecret|change-?(?:me|this).*|replace-?(?:me|with).*|secret|password|admin|minioadmin|postgres|changeit|test|example|0001020304.*)$/i;

/** For people and programs to sign in with. Any character that stays the same on its way: no URL holds it. */
export const isPassword: ValueCheck = value => {
  if (value.length < 16)
    return error(`it has ${value.length} characters; 24 to 32 random ones are wanted`, replace);
  // A space ends a value in one reader, a line break in another; three quotes end it in the pooler's file.
  if (/[\s\p{Cc}]|'''/u.test(value))
    return error(
      'it holds a space, a control character or three quotes, which not every reader keeps',
      replace,
    );
  if (isMonotonous(value)) return error('it repeats itself', replace);
  return value.length < 24
    ? warning(`it has ${value.length} characters; 24 to 32 are wanted`, replace)
    : undefined;
};

/** HS256 signs with it. */
export const isSigningKey: ValueCheck = (value, { name, stack }) => {
  if (value.length < 32) return error(`it has ${value.length} characters; HS256 needs 32 at least`, replace);
  const quoting = stack.services.find(({ definition }) => definition.secretsInJson?.includes(name));
  if (/["\\]/.test(value) && quoting)
    return error(
      `it holds a quote or a backslash, which ends it in the JSON of ${quoting.definition.title}`,
      replace,
    );
  return isMonotonous(value) ? error('it repeats itself', replace) : undefined;
};

/** So many bytes, as hex. */
export function isHex(bytes: number): ValueCheck {
  return value => {
    if (/^[0-9a-f]+$/i.test(value) && value.length === bytes * 2) return undefined;
    const found = /^[0-9a-f]*$/i.test(value) ? `${value.length} hex digits` : 'characters that are not hex';
    return error(
      `it has ${found}; ${bytes} bytes are ${bytes * 2} hex digits`,
      `generate it: openssl rand -hex ${bytes}`,
    );
  };
}

/** A user of the object store, which wants three characters, and another one for each purpose. */
export function isStoreUser(...others: readonly string[]): ValueCheck {
  return (value, { values }) => {
    if (value.length < 3)
      return error('it is shorter than 3 characters, which the store refuses', 'give it a longer name');
    const twin = others.find(name => values[name]?.trim() === value);
    return twin === undefined
      ? undefined
      : error(`it is the same user as ${twin}, whose rights are others`, 'give each its own');
  };
}

export function refuseWellKnown(value: string): Complaint | undefined {
  return wellKnown.test(value)
    ? error('its value is the one of an example, which everyone knows', replace)
    : undefined;
}

/** Fewer than 8 different characters in a long secret is a keyboard, not a generator. */
function isMonotonous(value: string): boolean {
  return new Set(value).size < 8;
}
