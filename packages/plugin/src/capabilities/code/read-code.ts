import type { parse as acornParse, Program } from 'acorn';

/** What a file is, by its name and its package, as Node would take it. */
export type CodeKind = 'module' | 'script' | 'either' | 'typescript';

type Parse = typeof acornParse;

/** Reads a program; a text says why it could not be read. Acorn is loaded when the first file is read. */
export type ReadCode = (text: string, kind: CodeKind) => Program | string;

export async function loadReader(): Promise<ReadCode> {
  const { parse } = await import('acorn');
  const { stripTypeScriptTypes } = await import('node:module');
  const strip = (text: string): string => quietly(() => stripTypeScriptTypes(text));
  return (text, kind) => readCode(text, kind, parse, strip);
}

/** Node says on stderr that this is experimental: to whoever installs a plugin, who can do nothing about it. */
function quietly<T>(action: () => T): T {
  const warn: unknown = Reflect.get(process, 'emitWarning');
  process.emitWarning = () => undefined;
  try {
    return action();
  } finally {
    Reflect.set(process, 'emitWarning', warn);
  }
}

/**
 * Node takes a `.js` file for a script where it can, and for a module where package.json says so: read the other way round,
 * `<!--` would hide what really runs.
 */
function readCode(
  text: string,
  kind: CodeKind,
  parse: Parse,
  strip: (text: string) => string,
): Program | string {
  const types =
    kind === 'module' || kind === 'typescript'
      ? (['module', 'script'] as const)
      : (['script', 'module'] as const);
  let why = '';
  let source = text;
  try {
    if (kind === 'typescript') source = strip(text);
  } catch (error) {
    return `its types cannot be stripped: ${reason(error)}`;
  }
  for (const sourceType of types)
    try {
      return parse(source, {
        ecmaVersion: 'latest',
        sourceType,
        allowHashBang: true,
        allowReturnOutsideFunction: sourceType === 'script',
        allowImportExportEverywhere: false,
        allowSuperOutsideMethod: true,
      });
    } catch (error) {
      why ||= reason(error);
    }
  return `it cannot be parsed: ${why}`;
}

function reason(error: unknown): string {
  const text =
    error instanceof RangeError ? 'nested too deep' : error instanceof Error ? error.message : 'unknown';
  return text.replace(/\p{C}+/gu, ' ').slice(0, 120);
}
