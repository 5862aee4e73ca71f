import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requireBuiltins } from './builtins.ts';

describe("Node's own modules in the published packages", () => {
  it('are asked for, whole or by name', () => {
    assert.equal(
      requireBuiltins(
        'import path from "node:path";\nimport { connect as open, isIP } from "node:net";\nimport { a } from "./a.js";\n',
      ),
      'const path = process.getBuiltinModule("node:path");\nconst { connect: open, isIP } = process.getBuiltinModule("node:net");\nimport { a } from "./a.js";\n',
    );
  });

  it('do not bring TLS before something is encrypted', () => {
    assert.equal(
      requireBuiltins('import { TLSSocket, connect as secure } from "node:tls";'),
      'const TLSSocket = { [Symbol.hasInstance]: socket => socket?.encrypted === true }; const secure = (...given) => process.getBuiltinModule("node:tls").connect(...given);',
    );
    assert.throws(
      () => requireBuiltins('import { createServer } from "node:tls";'),
      /nothing stands for its createServer/,
    );
  });
});
