/** Passwords that a statement holds, as `ALTER ROLE … PASSWORD '…'` does: what is kept of statements must not. */
const SECRET =
  /\b(password|passwd|secret|token|key)(\s*(?:=|:=|=>|,)?\s*)(e?'(?:[^'\\]|''|\\.)*'|\$([a-z_]*)\$[\s\S]*?\$\4\$)/gi;

/** Pure. @example maskSecrets("alter role a password 'x'") // "alter role a password '•••'" */
export function maskSecrets(statement: string): string {
  return statement.replace(SECRET, (_, word: string, between: string) => `${word}${between}'•••'`);
}
