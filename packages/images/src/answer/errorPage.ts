/** What a refusal looks like: one sentence, or with IMGPROXY_DEVELOPMENT_ERRORS_MODE all that is known. Pure. */
import type { ImagesError } from '../errors.ts';

export interface ErrorBody {
  readonly type: string;
  readonly text: string;
}

export function errorBody(error: ImagesError, development: boolean, accept: string): ErrorBody {
  if (!development) return { type: 'text/plain', text: error.text };
  const message =
    error.category === 'download' ? `can't download source image: ${error.message}` : error.message;
  if (!accept.includes('text/html')) {
    return { type: 'text/plain; charset=utf-8', text: `${message}\n\n${error.stack ?? ''}` };
  }
  return { type: 'text/html; charset=utf-8', text: page(error, message) };
}

function page(error: ImagesError, message: string): string {
  const details = [error, ...causesOf(error)].map(
    each => `<pre>${escapeHtml(each.stack ?? each.message)}</pre>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${error.status} ${escapeHtml(error.text)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1rem}pre{overflow:auto;padding:1rem;background:#8882}</style>
<h1>${error.status} ${escapeHtml(error.text)}</h1>
<p>${escapeHtml(message)}</p>
${details.join('\n')}
</html>
`;
}

function causesOf(error: Error): Error[] {
  return error.cause instanceof Error ? [error.cause, ...causesOf(error.cause)] : [];
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
