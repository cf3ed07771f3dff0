import { nativeKind } from '../capabilities/native-file.ts';
import { PackError } from '../errors.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { FileToPack } from '../archive/tar-writer.ts';
import type { Source } from './source.ts';

type Entry = PluginManifest['entry'];

/** What starts a file of a command, by what is in it, as far as it can be told; `node` where nothing speaks against it. */
export function startedBy(path: string, body: Uint8Array): 'node' | 'python' | 'executable' {
  if (nativeKind(body) !== null) return 'executable';
  if (/\.(?:[cm]?[jt]s|[jt]sx|json|node|wasm)$/i.test(path)) return 'node'; // Node passes over a first line for others
  const [first = '', second = ''] = Buffer.from(body.subarray(0, 1024)).toString('latin1').split('\n');
  const program = interpreterOf(first);
  if (program === null)
    return /\.pyw?$/i.test(path) ? 'python' : otherEnding.test(path) ? 'executable' : 'node';
  if (/^(?:python|pypy)[\d.]*$/.test(program)) return 'python';
  const isPolyglot = /^\s*(?:":"|':'|`:`)/.test(second); // a script for sh that Node reads as one for itself
  return runsJavaScript.has(program) || isPolyglot ? 'node' : 'executable';
}

/**
 * Refuses commands that Node cannot start, where ragv.json says no other runtime: hosts would fail at their first line. What
 * somebody else published may have one beside what does start; then it is told.
 * @throws PackError `RAGV_JSON`, `PACKAGE_UNSUPPORTED`
 */
export function nodeCommandNotes(
  { main, bin }: Entry,
  files: readonly FileToPack[],
  type: Source['type'],
): readonly string[] {
  const bodies = new Map(files.map(({ path, body }) => [path, body]));
  const found = [...bin].map(([command, path]) => ({
    command,
    path,
    by: startedBy(path, bodies.get(path) ?? new Uint8Array()),
  }));
  const others = found.filter(({ by }) => by !== 'node');
  const [one] = others;
  if (one === undefined) return [];
  const { command, path, by } = one;
  const what = `${path}, which ${command} starts, is ${by === 'python' ? 'Python' : 'a program or a script'}, not JavaScript`;
  if (type !== 'folder' && (main !== null || others.length < found.length))
    return [`${what}: hosts cannot start it`];
  if (type === 'npm')
    throw new PackError('PACKAGE_UNSUPPORTED', what, {
      hint: 'unpack it into a folder of yours, with a ragv.json that says its runtime (docs/runtimes.md)',
    });
  const same = found.filter((item) => item.by === by);
  const lines = JSON.stringify({
    runtime: by,
    entry: { bin: Object.fromEntries(same.map((item) => [item.command, item.path])) },
  });
  throw new PackError('RAGV_JSON', `${what}, and ragv.json names no runtime for it`, {
    hint: `add to ragv.json (docs/runtimes.md): ${lines.slice(0, 500)}${same.length === found.length ? '' : '; what another runtime starts is a plugin of its own'}`,
  });
}

const runsJavaScript: ReadonlySet<string> = new Set(
  'node nodejs iojs bun deno tsx ts-node zx babel-node electron'.split(' '),
);
const otherEnding = /\.(?:sh|bash|zsh|rb|pl|php|lua|ps1|bat|cmd|exe)$/i;

/** Of `#!/usr/bin/env -S node --flag` it is `node`; null without such a line. */
function interpreterOf(first: string): string | null {
  if (!first.startsWith('#!')) return null;
  const words = first.slice(2).trim().split(/\s+/);
  const name = (word: string | undefined): string => (word ?? '').replace(/^.*\//, '');
  if (name(words[0]) !== 'env') return name(words[0]);
  return name(words.slice(1).find((word) => !word.startsWith('-') && !word.includes('=')));
}
