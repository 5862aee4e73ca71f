/** Content-Disposition: the name that a picture is saved by. Pure. */
import { encodeHeader } from '@peakstone/kernel/http';

export interface Naming {
  /** The source's address or path. */
  readonly source: string;
  /** Of the option; empty for the source's. */
  readonly filename: string;
  /** Of the result, with its dot; empty keeps the source's. */
  readonly extension: string;
  readonly contentType: string;
  readonly attachment: boolean;
}

/** UTF-8 in quotes, as the reference writes it and browsers read it. */
export function contentDisposition(naming: Naming): string {
  const name = naming.source.slice(naming.source.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const ownStem = dot < 0 ? name : name.slice(0, dot);
  const ownExtension = dot < 0 ? '' : name.slice(dot);
  const stem = (naming.filename || ownStem || 'image').replaceAll('"', '%22');
  const extension = naming.extension || ownExtension || (byType[naming.contentType] ?? '');
  // What no header may hold would end it; a name does not need it.
  const text = `${stem}${extension}`.replace(/[\x00-\x1f\x7f]/g, '_');
  return encodeHeader(`${naming.attachment ? 'attachment' : 'inline'}; filename="${text}"`);
}

const byType: Readonly<Record<string, string>> = {
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/gif': '.gif',
  'image/webp': '.webp',
  'image/avif': '.avif',
  'image/svg+xml': '.svg',
  'image/bmp': '.bmp',
  'image/tiff': '.tif',
  'image/x-icon': '.ico',
  'application/pdf': '.pdf',
};
