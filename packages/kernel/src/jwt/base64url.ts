const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** Decodes unpadded base64url; undefined when it isn't. `Buffer.from` alone would skip foreign characters. */
export function decodeBase64Url(text: string): Buffer | undefined {
  return BASE64URL.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64url') : undefined;
}
