/**
 * A value as JSON that a terminal takes no commands from: JSON.stringify leaves DEL and the C1 controls as they are, of which
 * U+009B begins a sequence as ESC [ does. Pure.
 */
export function toJson(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, null, indent));
}

/** The same for JSON that somebody else has written. Such characters stand in its texts alone, where escapes mean the same. Pure. */
export function escapeJson(json: string): string {
  return json.replace(/[\x7f-\x9f]/g, control => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
