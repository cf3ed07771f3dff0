import type { CodeKind } from './code/read-code.ts';

const codeEnding = /\.(?:[cm]?js|[cm]?ts)$/;
const otherLanguage = /\.(?:py|sh|bash|rb|pl|php|ps1|bat|cmd|lua|jar|jsx|tsx)$/;
const textEnding =
  /(?:^|[./])(?:adoc|csv|css|html?|json[5c]?|jsonl|license|markdown|mdc?|mdx|readme|rst|svg|text|toml|txt|xml|ya?ml)$/i;
const dataEnding = /\.(?:json|wasm|node|css|html?|svg|md|txt|map)$/;

/** What Node would run of a file. `isLoaded`: something starts or loads it, whatever it is called. Null: nothing. */
export function kindOfFile(
  path: string,
  bytes: Uint8Array,
  isLoaded: boolean,
  isModule: (path: string) => boolean,
): CodeKind | null {
  if (/\.d\.[cm]?ts$/.test(path)) return null;
  if (path.endsWith('.mjs')) return 'module';
  if (path.endsWith('.cjs')) return 'script';
  if (path.endsWith('.js')) return isModule(path) ? 'module' : 'either';
  // Node strips no types below node_modules: what lies there cannot run.
  if (/\.[cm]?ts$/.test(path)) return /(?:^|\/)node_modules\//.test(path) ? null : 'typescript';
  if (isLoaded && !dataEnding.test(path) && !otherLanguage.test(path)) return 'either';
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 120)).toString('latin1');
  return /^#![^\n]*\b(?:node|bun|deno)\b/.test(start) ? 'either' : null;
}

/** A program that is not read: of another language, by its ending or its first line. */
export function isUnreadLanguage(path: string, bytes: Uint8Array, kind: CodeKind | null): boolean {
  const isScript = bytes[0] === 0x23 && bytes[1] === 0x21;
  return otherLanguage.test(path) || (kind === null && !/\.[cm]?ts$/.test(path) && isScript);
}

export function isOtherLanguage(path: string): boolean {
  return otherLanguage.test(path);
}

/** By its ending: what people and models read, whatever bytes are in it. */
export function isText(path: string): boolean {
  return textEnding.test(path);
}

export function isCodeByName(path: string): boolean {
  return codeEnding.test(path);
}

export function isPackageFile(path: string): boolean {
  return path === 'package.json' || path.endsWith('/package.json');
}
