import { isAscii } from 'node:buffer';
import { mentionsOf } from './code/mentions.ts';
import { ModuleTree } from './code/module-tree.ts';
import type { CodeKind, ReadCode } from './code/read-code.ts';
import { MissingModules } from './code/missing-modules.ts';
import { readProgram, type LoadOnLine, type Reading } from './code/reading.ts';
import { isCodeByName, isOtherLanguage, isText, isUnreadLanguage, kindOfFile } from './file-kind.ts';
import { findHidden, mayHideInName } from './hidden.ts';
import {
  defaultInspectLimits,
  type HiddenFinding,
  type Inspection,
  type InspectLimits,
  type InspectOptions,
  type PluginFile,
  type RemarkFinding,
  type RemarkKind,
} from './inspection.ts';
import { nativeKind } from './native-file.ts';
import { UseCollector, type Evidence } from './used.ts';

const maxHidden = 20;
const maxUnread = 20;
/** Beginnings of computed names; with more of them, everything of the plugin's own counts as meant. */
const maxBeginnings = 1000;
const packageMaxLength = 8_000_000;
const tooLarge = 'it is too large to be read';
const tooDeep = 'it cannot be parsed: nested too deep';
const noTime = 'no time was left to read it';

/** What is found while the files of one plugin are looked at, and which are to be looked at next. */
export class Inspector {
  readonly #tree: ModuleTree;
  readonly #readCode: ReadCode;
  readonly #limits: InspectLimits;
  readonly #end: number;
  readonly #own: ReadonlySet<string>;
  readonly #started: ReadonlySet<string>;
  readonly #mentions: boolean;
  readonly #uses = new UseCollector();
  readonly #mentioned = new UseCollector();
  readonly #missing: MissingModules;
  readonly #hidden: HiddenFinding[] = [];
  readonly #unread: Evidence[] = [];
  readonly #remarks = new Map<RemarkKind, { -readonly [key in keyof RemarkFinding]: RemarkFinding[key] }>();
  /** Reached paths, in the order of their finding; true: something loads it, whatever it is called. */
  readonly #reached = new Map<string, boolean>();
  readonly #queue: string[] = [];
  readonly #seen = new Set<string>();
  readonly #parsed = new Set<string>();
  readonly #beginnings = new Set<string>();
  #programs = 0;
  #bytes = 0;

  constructor(files: readonly PluginFile[], options: InspectOptions, readCode: ReadCode) {
    this.#tree = new ModuleTree(files.map(({ path }) => path));
    this.#missing = new MissingModules(options.entries ?? []);
    this.#own = new Set(options.ownVariables ?? []);
    this.#started = new Set(options.programs ?? []);
    this.#readCode = readCode;
    this.#mentions = options.mentions ?? true;
    this.#limits = options.limits ?? defaultInspectLimits;
    this.#end = performance.now() + this.#limits.milliseconds;
    const everything = files.map(({ path }) => path).toSorted((a, b) => (a < b ? 1 : -1));
    for (const path of options.entries ?? []) this.#reach(path, true);
    for (const path of everything)
      if (options.entries === undefined || (options.startsOwn === true && !isBundled(path)))
        this.#reach(path, false);
  }

  addPackage(path: string, bytes: Uint8Array): void {
    this.#look(path, bytes, false);
    if (bytes.length > packageMaxLength) this.#unreadable(path, tooLarge);
    else this.#tree.addPackage(path, bytes);
  }

  /** A file that is started or loaded and was not looked at as such; null: all were. */
  next(): string | null {
    return this.#queue.pop() ?? null;
  }

  isSeen(path: string): boolean {
    return this.#seen.has(path);
  }

  reached(path: string, bytes: Uint8Array): void {
    const isLoaded = this.#reached.get(path) === true;
    const kind = this.#look(path, bytes, isLoaded);
    if (kind === null || this.#parsed.has(path)) return;
    this.#parsed.add(path);
    const reading = this.#program(path, bytes, kind);
    for (const load of reading?.loads ?? []) this.#follow(path, load);
  }

  unreached(path: string, bytes: Uint8Array): void {
    const kind = this.#look(path, bytes, false);
    if (kind === null) return;
    this.#remark('unreached', { file: path, line: 0, what: 'a program that nothing started reaches' });
    for (const { capability, line, what } of this.#mentions ? mentionsOf(bytes) : [])
      this.#mentioned.add(capability, isSwitch(capability) ? '' : null, { file: path, line, what });
    // A name with an invisible letter is told from a text with one only by parsing.
    if (!isAscii(bytes) && mayHideInName(new TextDecoder().decode(bytes)))
      this.#hiddenNames(path, this.#read(path, bytes, kind));
  }

  result(): Inspection {
    return {
      used: this.#uses.list(),
      unreached: this.#mentioned.list(),
      unread: this.#unread,
      hidden: this.#hidden,
      missing: this.#missing.list(),
      remarks: [...this.#remarks.values()],
      programs: this.#programs,
      bytes: this.#bytes,
    };
  }

  /** What is looked for in every file. Null: it is no program that Node would run. */
  #look(path: string, bytes: Uint8Array, isLoaded: boolean): CodeKind | null {
    const isNew = !this.#seen.has(path);
    this.#seen.add(path);
    const native = nativeKind(bytes) ?? (path.endsWith('.node') ? 'a native module by its name' : null);
    const counted = native ?? (this.#started.has(path) ? 'a program that the system starts' : null);
    if (counted !== null && isNew) this.#uses.add('native', '', { file: path, line: 0, what: counted });
    if (native !== null) return null;
    const kind = kindOfFile(path, bytes, isLoaded, (file) => this.#tree.isModule(file));
    if (!isNew) return kind;
    const hidden = findHidden(
      bytes,
      kind !== null || isOtherLanguage(path) ? 'code' : isText(path) ? 'text' : 'other',
    );
    if (hidden !== null) this.#hide({ file: path, ...hidden });
    if (isUnreadLanguage(path, bytes, kind))
      this.#remark('unread-language', {
        file: path,
        line: 0,
        what: 'a program in a language that is not read',
      });
    return kind;
  }

  /** Null: nobody could read it, and that was noted. */
  #program(path: string, bytes: Uint8Array, kind: CodeKind): Reading | null {
    const reading = this.#read(path, bytes, kind);
    if (typeof reading === 'string') {
      // Node strips types by the same means: what cannot be stripped it cannot run.
      const isOurs = [tooLarge, tooDeep, noTime].includes(reading);
      if (kind === 'typescript' && !isOurs)
        this.#remark('unread-types', { file: path, line: 0, what: reading });
      else this.#unreadable(path, reading);
      return null;
    }
    for (const { capability, value, line, what } of reading.uses)
      if (capability !== 'env' || !this.#own.has(value ?? ''))
        this.#uses.add(capability, value, { file: path, line, what });
    for (const { kind: about, line, what } of reading.remarks)
      if (about !== 'hidden-name') this.#remark(about, { file: path, line, what });
    this.#hiddenNames(path, reading);
    return reading;
  }

  #read(path: string, bytes: Uint8Array, kind: CodeKind): Reading | string {
    this.#programs += 1;
    this.#bytes += bytes.length;
    if (bytes.length > this.#limits.codeMaxLength || this.#bytes > this.#limits.allMaxLength) return tooLarge;
    if (performance.now() > this.#end) return noTime;
    const reading = readProgram(bytes, kind, path.split('/').length - 1, this.#readCode);
    return typeof reading !== 'string' && reading.tooDeep ? tooDeep : reading;
  }

  #hiddenNames(file: string, reading: Reading | string): void {
    if (typeof reading === 'string') return;
    for (const { kind, line, what } of reading.remarks)
      if (kind === 'hidden-name') this.#hide({ file, kind: 'invisible', line, what });
  }

  #follow(from: string, { specifier, how, isPrefix, at }: LoadOnLine): void {
    if (performance.now() > this.#end) {
      this.#unreadable(from, 'no time was left to follow what it loads');
      return;
    }
    if (isPrefix) {
      const beginning = this.#beginnings.size < maxBeginnings ? this.#tree.beginningOf(specifier, from) : '';
      if (beginning === null || this.#beginnings.has(beginning)) return;
      this.#beginnings.add(beginning);
      for (const path of this.#tree.beginningWith(beginning)) this.#reach(path, false);
      return;
    }
    const path = how === 'file' ? this.#tree.file(specifier, from) : this.#tree.resolve(specifier, from, how);
    if (path !== null) this.#reach(path, how !== 'file');
    if (at === undefined || how === 'file') return;
    if (path !== null) this.#missing.loads(from, path, at.surely);
    else if (this.#tree.lacks(specifier, from, how)) this.#missing.add(from, specifier, at);
  }

  /** `isLoaded` makes a program of what does not look like one. */
  #reach(path: string, isLoaded: boolean): void {
    const before = this.#reached.get(path);
    const isCode = isCodeByName(path);
    if (!this.#tree.has(path) || (before !== undefined && (isCode || before || !isLoaded))) return;
    this.#reached.set(path, isLoaded);
    this.#queue.push(path);
  }

  #unreadable(path: string, what: string): void {
    const evidence = { file: path, line: 0, what };
    this.#uses.add('eval', '', evidence);
    if (this.#unread.length < maxUnread) this.#unread.push(evidence);
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
}

function isBundled(path: string): boolean {
  return /(?:^|\/)node_modules\//.test(path);
}

function isSwitch(capability: string): boolean {
  return capability === 'native' || capability === 'worker' || capability === 'eval';
}
