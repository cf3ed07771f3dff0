import { setImmediate as breathe } from 'node:timers/promises';
import { loadReader, type CodeKind, type ReadCode } from './code/read-code.ts';
import { readProgram } from './code/reading.ts';
import type { Remark } from './code/uses.ts';
import { findHidden, type Hidden } from './hidden.ts';
import { nativeKind } from './native-file.ts';
import { UseCollector, type Evidence, type UsedCapability } from './used.ts';

export interface PluginFile {
  /** Relative to the plugin's folder. */
  readonly path: string;
  readonly size: number;
}

export interface InspectOptions {
  /** What package.json or the manifest names as something to start, whatever it is called. */
  readonly entries?: Iterable<string> | undefined;
  /** Variables that the plugin's own start sets: the host's are not what is read there. */
  readonly ownVariables?: Iterable<string> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: InspectLimits | undefined;
}

/** Bounds for plugins that are made to be slow to read. What is beyond counts as code that nobody could read. */
export interface InspectLimits {
  /** Bytes of one program. */
  readonly codeMaxLength: number;
  /** Bytes of all programs together. */
  readonly allMaxLength: number;
  readonly milliseconds: number;
}

export const defaultInspectLimits: InspectLimits = {
  codeMaxLength: 20_000_000,
  allMaxLength: 200_000_000,
  milliseconds: 60_000,
};

export interface HiddenFinding extends Hidden {
  readonly file: string;
}
export type RemarkKind = Remark['kind'] | 'unread-language' | 'unread-types';
export interface RemarkFinding extends Evidence {
  readonly kind: RemarkKind;
  readonly count: number;
}

/** What was found in a plugin's files. None of it was run. */
export interface Inspection {
  readonly used: readonly UsedCapability[];
  /** Programs that could not be read; each counts as one that makes code from text. */
  readonly unread: readonly Evidence[];
  readonly hidden: readonly HiddenFinding[];
  /** One of each kind, the first: nothing is refused for it. */
  readonly remarks: readonly RemarkFinding[];
  readonly programs: number;
  readonly bytes: number;
}

/**
 * Reads every file once: programs for what they use, all of them for hidden characters and native code. `read` gives a
 * file's bytes; what it throws is thrown. A program that cannot be read counts as one that makes code from text.
 */
export async function inspectFiles(
  files: readonly PluginFile[],
  read: (path: string) => Uint8Array | Promise<Uint8Array>,
  options: InspectOptions = {},
): Promise<Inspection> {
  const inspector = new Inspector(files, options, await loadReader());
  const seen = new Set<string>();
  // Every package.json first: it says what the programs below it are.
  let queue = files
    .map(({ path }) => path)
    .toSorted((a, b) => Number(isPackage(b)) - Number(isPackage(a)) || (a < b ? -1 : 1));
  let sliceEnd = performance.now() + sliceMs;
  while (queue.length > 0) {
    const paths = queue;
    queue = [];
    for (const path of paths) {
      if (seen.has(path) && !inspector.isNewlyCode(path)) continue;
      seen.add(path);
      inspector.look(path, await read(path));
      if (performance.now() < sliceEnd) continue;
      await breathe();
      options.signal?.throwIfAborted();
      sliceEnd = performance.now() + sliceMs;
    }
    queue = inspector.takeNamed();
  }
  return inspector.result();
}

const sliceMs = 8;
const maxHidden = 20;
const maxUnread = 20;
const codeExtension = /\.(?:[cm]?js|[cm]?ts)$/;
const otherLanguage = /\.(?:py|sh|bash|rb|pl|php|ps1|bat|cmd|lua|jar|jsx|tsx)$/;
const dataExtension = /\.(?:json|wasm|node|css|html?|svg|md|txt|map)$/;

class Inspector {
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #named: Set<string>;
  readonly #readCode: ReadCode;
  readonly #limits: InspectLimits;
  readonly #end: number;
  readonly #uses = new UseCollector();
  readonly #hidden: HiddenFinding[] = [];
  readonly #unread: Evidence[] = [];
  readonly #own: ReadonlySet<string>;
  readonly #remarks = new Map<RemarkKind, { -readonly [key in keyof RemarkFinding]: RemarkFinding[key] }>();
  readonly #moduleFolders = new Set<string>();
  readonly #packageFolders = new Set<string>();
  readonly #done = new Set<string>();
  #newlyNamed: string[] = [];
  #bytes = 0;

  constructor(files: readonly PluginFile[], options: InspectOptions, readCode: ReadCode) {
    this.#sizes = new Map(files.map(({ path, size }) => [path, size]));
    this.#named = new Set(options.entries ?? []);
    this.#own = new Set(options.ownVariables ?? []);
    this.#readCode = readCode;
    this.#limits = options.limits ?? defaultInspectLimits;
    this.#end = performance.now() + this.#limits.milliseconds;
  }

  look(path: string, bytes: Uint8Array): void {
    const native = nativeKind(bytes);
    if (native !== null) {
      this.#uses.add('native', '', { file: path, line: 0, what: native });
      return;
    }
    if (path.endsWith('.node'))
      this.#uses.add('native', '', { file: path, line: 0, what: 'a native module by its name' });
    const kind = this.#kindOf(path, bytes);
    if (!this.#done.has(path)) {
      const hidden = findHidden(bytes, kind !== null || otherLanguage.test(path));
      if (hidden !== null) this.#hide({ file: path, ...hidden });
      const isTypes = /\.[cm]?ts$/.test(path);
      if (otherLanguage.test(path) || (kind === null && !isTypes && isScript(bytes)))
        this.#remark('unread-language', {
          file: path,
          line: 0,
          what: 'a program in a language that is not read',
        });
    }
    this.#done.add(path);
    if (kind !== null) this.#program(path, bytes, kind);
  }

  isNewlyCode(path: string): boolean {
    return this.#named.has(path);
  }

  /** Files that programs load although nothing in their names says that they are code. */
  takeNamed(): string[] {
    const found = this.#newlyNamed;
    this.#newlyNamed = [];
    return found;
  }

  result(): Inspection {
    const remarks = [...this.#remarks.values()];
    return {
      used: this.#uses.list(),
      unread: this.#unread,
      hidden: this.#hidden,
      remarks,
      programs: this.#programs,
      bytes: this.#bytes,
    };
  }

  #programs = 0;

  #program(path: string, bytes: Uint8Array, kind: CodeKind): void {
    const unread = (what: string): void => {
      const evidence = { file: path, line: 0, what };
      this.#uses.add('eval', '', evidence);
      if (this.#unread.length < maxUnread) this.#unread.push(evidence);
    };
    this.#programs += 1;
    this.#bytes += bytes.length;
    if (bytes.length > this.#limits.codeMaxLength || this.#bytes > this.#limits.allMaxLength)
      return unread('it is too large to be read');
    if (performance.now() > this.#end) return unread('no time was left to read it');
    const depth = path.split('/').length - 1;
    const reading = readProgram(bytes, kind, depth, this.#readCode);
    // Node strips types by the same means: what cannot be stripped it cannot run.
    if (typeof reading === 'string' && kind === 'typescript')
      return this.#remark('unread-types', { file: path, line: 0, what: reading });
    if (typeof reading === 'string') return unread(reading);
    if (reading.tooDeep) return unread('it cannot be parsed: nested too deep');
    for (const { capability, value, line, what } of reading.uses)
      if (capability !== 'env' || !this.#own.has(value ?? ''))
        this.#uses.add(capability, value, { file: path, line, what });
    for (const { kind: about, line, what } of reading.remarks)
      if (about === 'hidden-name') this.#hide({ file: path, kind: 'invisible', line, what });
      else this.#remark(about, { file: path, line, what });
    for (const specifier of reading.specifiers) this.#reach(path, specifier);
  }

  /** One a line is enough. */
  #hide(found: HiddenFinding): void {
    const known = this.#hidden.some(({ file, line }) => file === found.file && line === found.line);
    if (!known && this.#hidden.length < maxHidden) this.#hidden.push(found);
  }

  #remark(kind: RemarkKind, evidence: Evidence): void {
    const known = this.#remarks.get(kind);
    if (known === undefined) this.#remarks.set(kind, { kind, ...evidence, count: 1 });
    else known.count += 1;
  }

  #reach(from: string, specifier: string): void {
    const folder = from.split('/').slice(0, -1);
    for (const part of specifier.replace(/[?#].*$/, '').split('/'))
      if (part === '..') folder.pop();
      else if (part !== '.' && part !== '') folder.push(part);
    const path = folder.join('/');
    if (
      !this.#sizes.has(path) ||
      codeExtension.test(path) ||
      dataExtension.test(path) ||
      this.#named.has(path)
    )
      return;
    this.#named.add(path);
    this.#newlyNamed.push(path);
  }

  #kindOf(path: string, bytes: Uint8Array): CodeKind | null {
    if (isPackage(path)) this.#package(path, bytes);
    if (/\.d\.[cm]?ts$/.test(path)) return null;
    if (path.endsWith('.mjs')) return 'module';
    if (path.endsWith('.cjs')) return 'script';
    if (path.endsWith('.js')) return this.#isModule(path) ? 'module' : 'either';
    // Node strips no types below node_modules: what lies there cannot run.
    if (/\.[cm]?ts$/.test(path)) return /(?:^|\/)node_modules\//.test(path) ? null : 'typescript';
    if (this.#named.has(path) && !dataExtension.test(path) && !otherLanguage.test(path)) return 'either';
    const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 120)).toString('latin1');
    return /^#![^\n]*\b(?:node|bun|deno)\b/.test(start) ? 'either' : null;
  }

  #package(path: string, bytes: Uint8Array): void {
    const folder = path.slice(0, -'package.json'.length);
    this.#packageFolders.add(folder);
    if (saysModule(bytes)) this.#moduleFolders.add(folder);
  }

  /** The nearest package.json decides, as for Node. */
  #isModule(path: string): boolean {
    for (let end = path.lastIndexOf('/') + 1; ; end = path.lastIndexOf('/', end - 2) + 1) {
      const folder = path.slice(0, end);
      if (this.#packageFolders.has(folder)) return this.#moduleFolders.has(folder);
      if (end === 0) return false;
    }
  }
}

function isScript(bytes: Uint8Array): boolean {
  return bytes[0] === 0x23 && bytes[1] === 0x21;
}

function isPackage(path: string): boolean {
  return path === 'package.json' || path.endsWith('/package.json');
}

function saysModule(bytes: Uint8Array): boolean {
  if (bytes.length > 1_000_000) return false;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof json === 'object' && json !== null && 'type' in json && json.type === 'module';
  } catch {
    return false; // Node refuses to load what lies beside it
  }
}
