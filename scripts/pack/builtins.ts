/**
 * Node's own modules, asked for without importing them: an import reads every export of theirs, and behind some of these
 * lie whole further modules (an HTTP client behind `http`, decoders behind `util`), which take longer to load than what a
 * service needs of Node.
 */

const IMPORT = /^import (?:([\w$]+)(?:, | ))?(?:\{ ([^}]+) \} )?from "(node:[\w/]+)";$/gm;

/**
 * Loaded when first used, which for many never comes: TLS, and with it the certificates of all authorities where
 * NODE_EXTRA_CA_CERTS names them. By name, what stands for it until then. A socket is told by what Node's manual names for it.
 */
const LATE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'node:tls': {
    connect: late('node:tls', 'connect'),
    checkServerIdentity: late('node:tls', 'checkServerIdentity'),
    TLSSocket: '{ [Symbol.hasInstance]: socket => socket?.encrypted === true }',
  },
};

/**
 * Pure.
 * @param code as the bundler writes it
 * @throws of a late module something that has no stand-in
 */
export function requireBuiltins(code: string): string {
  return code.replaceAll(
    IMPORT,
    (_, whole: string | undefined, names: string | undefined, module: string) => {
      const standIns = LATE[module];
      if (standIns !== undefined) return declareLate(module, standIns, names);
      const found = asked(module);
      return [
        ...(whole === undefined ? [] : [`const ${whole} = ${found};`]),
        ...(names === undefined ? [] : [`const { ${names.replaceAll(' as ', ': ')} } = ${found};`]),
      ].join(' ');
    },
  );
}

function declareLate(module: string, standIns: Readonly<Record<string, string>>, names = 'default'): string {
  return names
    .split(', ')
    .map(each => {
      const [name, local = name] = each.split(' as ') as [string, string?];
      if (standIns[name] === undefined) throw new Error(`${module}: nothing stands for its ${name}`);
      return `const ${local} = ${standIns[name]};`;
    })
    .join(' ');
}

function late(module: string, name: string): string {
  return `(...given) => ${asked(module)}.${name}(...given)`;
}

function asked(module: string): string {
  return `process.getBuiltinModule("${module}")`;
}
