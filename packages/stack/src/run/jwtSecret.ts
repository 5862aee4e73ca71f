/** What HS256 needs, and the REST API insists on. */
export const minJwtSecretBytes = 32;

/** Whether the secret is too short to sign with. One in a file, or a key as JSON, is judged when it is read. Pure. */
export function isShortJwtSecret(value: string): boolean {
  return value !== '' && !/^[@{]/.test(value) && Buffer.byteLength(value) < minJwtSecretBytes;
}
