/**
 * Node's own modules, asked for without importing them: an import reads every export of theirs, and behind some of these
 * lie whole further modules (an HTTP client behind `http`, decoders behind `util`), which take longer to load than what a
 * service needs of Node.
 */

const IMPORT = /^import (?:([\w$]+)(?:, | ))?(?:\{ ([^}]+) \} )?from "(node:[\w/]+)";$/gm;

/** Pure. @param code as the bundler writes it */
export function requireBuiltins(code: string): string {
  return code.replaceAll(
    IMPORT,
    (_, whole: string | undefined, names: string | undefined, module: string) => {
      const found = `process.getBuiltinModule("${module}")`;
      return [
        ...(whole === undefined ? [] : [`const ${whole} = ${found};`]),
        ...(names === undefined ? [] : [`const { ${names.replaceAll(' as ', ': ')} } = ${found};`]),
      ].join(' ');
    },
  );
}
