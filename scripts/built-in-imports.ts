import type { Plugin } from 'rolldown';

/**
 * `import { open } from 'node:fs'` evaluates every lazy member of that module, whoever needs it: with fs come streams,
 * fs/promises and readline, with process standard input and the network, with crypto WebCrypto. getBuiltinModule hands
 * the module out as it is. So the joined files ask for it that way; the sources import as everybody does.
 */
export function builtInImports(): Plugin {
  return {
    name: 'built-in-imports',
    renderChunk(code, chunk) {
      const written = code.replaceAll(
        statement,
        (_, all?: string, one?: string, list?: string, module?: string) => {
          const whole = all ?? one;
          const named = list?.replaceAll(' as ', ': ');
          const asked = `const ${whole ?? named} = process.getBuiltinModule(${module});`;
          return whole === undefined || named === undefined ? asked : `${asked}\nconst ${named} = ${whole};`;
        },
      );
      if (/^import[^;]*["']node:/m.test(written))
        throw new Error(`${chunk.fileName} imports a module of Node in a way that is not known here`);
      return written;
    },
  };
}

/** As rolldown writes them: one to a line, at the start of it. */
const statement = /^import (?:\* as (\w+)|(\w+)(?:, )?)?(\{[^}]*\})? from (["']node:[\w/]+["']);$/gm;
