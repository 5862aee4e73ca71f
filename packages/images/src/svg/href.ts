/** Addresses inside an SVG. Pure. */

/** Entities by which a scheme can be hidden; others make no letter of one. */
const named: Readonly<Record<string, string>> = {
  colon: ':',
  Tab: '\t',
  NewLine: '\n',
  amp: '&',
  lpar: '(',
  rpar: ')',
};

/** A fragment, a relative address, http, and of pictures data. */
export function safeHref(value: string, isImage: boolean): boolean {
  const text = decodeEntities(value.trim());
  if (text === '' || text.startsWith('#')) return true;
  // Browsers take no notice of such characters inside a scheme.
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text.replace(/[\t\r\n]/g, ''))?.[1]?.toLowerCase();
  if (scheme === undefined) return true;
  return scheme === 'http' || scheme === 'https' || (isImage && scheme === 'data');
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{1,10}));?/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
