import {
  delegatedKeys,
  editedTargetFiles,
  roleName,
  rolesForTarget,
  type Delegations,
  type Key,
  type KeyId,
  type RoleKeys,
  type RoleName,
  type TargetFile,
  type TargetPath,
  type Targets,
} from '@ragnos/tuf';
import type { AuditNote } from './audit.ts';
import { isSplit, isUnderSnapshot } from './bins.ts';
import { PublishError } from './errors.ts';
import type { Head, Loaded } from './head.ts';
import { delegatedNames, rootRole, targetsRole } from './signed.ts';
import type { Content } from './types.ts';

/** What is to become of one role. */
export interface RoleWork {
  readonly name: RoleName;
  readonly delegator: RoleName;
  /** `null` = taken out. */
  readonly files: ReadonlyMap<TargetPath, TargetFile | null>;
  /** `undefined` = as they are. */
  readonly delegations: Delegations | null | undefined;
  /** Not on the head yet. */
  readonly created: boolean;
  /** Signed anew although nothing in it changed. */
  readonly resign: boolean;
  /** No longer delegated: who could sign it last. Written once more, empty, if they are at hand. */
  readonly retired: Retired | null;
  /** Signed elsewhere, and published as it is. */
  readonly brought: Brought | null;
  /** Of a role that was brought: its new paths and their digests. */
  readonly added: readonly { readonly path: string; readonly sha256: string | null }[];
}

interface Retired {
  readonly role: RoleKeys;
  readonly keys: ReadonlyMap<KeyId, Key>;
  /** The role whose keys these are. */
  readonly askAs: string;
}

export interface Brought {
  readonly bytes: Uint8Array;
  readonly signed: Targets;
}

export interface Located {
  readonly name: RoleName;
  readonly delegator: RoleName;
}

const top: Located = { name: targetsRole, delegator: rootRole };
const maxVisits = 32; // INTEROP.md: what other clients visit

/** The head and the edits on top of it. `fork` makes a copy that can be thrown away. */
export class Workspace {
  readonly head: Head;
  readonly now: Date;
  readonly #work: Map<RoleName, RoleWork>;
  /** Those of `#work`, which this workspace alone writes to. */
  readonly #files = new Map<RoleName, Map<TargetPath, TargetFile | null>>();
  readonly #contents: Map<string, Content>;

  readonly #notes: AuditNote[];
  #edits: number;

  constructor(
    head: Head,
    now: Date,
    work: Iterable<readonly [RoleName, RoleWork]> = [],
    contents: Iterable<readonly [string, Content]> = [],
    notes: readonly AuditNote[] = [],
    edits = 0,
  ) {
    this.#edits = edits;
    this.#notes = [...notes];
    this.head = head;
    this.now = now;
    this.#work = new Map(work);
    for (const [name, before] of this.#work) {
      const files = new Map(before.files);
      this.#files.set(name, files);
      this.#work.set(name, { ...before, files });
    }
    this.#contents = new Map(contents);
  }

  fork(): Workspace {
    return new Workspace(this.head, this.now, this.#work, this.#contents, this.#notes, this.#edits);
  }

  /** Grows with every edit. */
  get edits(): number {
    return this.#edits;
  }

  get work(): ReadonlyMap<RoleName, RoleWork> {
    return this.#work;
  }

  /** What the changes say of themselves in the audit log. */
  get notes(): readonly AuditNote[] {
    return this.#notes;
  }

  note(note: AuditNote): void {
    this.#notes.push(note);
  }

  /** What has to be in the store before the metadata that names it, by storage key. */
  get contents(): ReadonlyMap<string, Content> {
    return this.#contents;
  }

  edit(at: Located, change: Partial<Omit<RoleWork, 'name' | 'delegator'>>): void {
    const before = this.#work.get(at.name) ?? {
      ...at,
      files: new Map(),
      delegations: undefined,
      created: false,
      resign: false,
      retired: null,
      brought: null,
      added: [],
    };
    this.#work.set(at.name, { ...before, ...change });
    this.#edits++;
  }

  /** @throws PublishError CONFLICT where this workspace edits the role already */
  bring(at: Located, brought: Brought, added: RoleWork['added'] = []): void {
    const before = this.#work.get(at.name);
    const untouched = before === undefined || (before.files.size === 0 && before.brought === null);
    if (!untouched || before?.retired)
      throw new PublishError('CONFLICT', `${at.name} is changed twice in one commit`, {
        hint: 'hand it in again',
      });
    this.edit(at, { brought, added, resign: false, delegations: brought.signed.delegations });
  }

  /** @throws PublishError SIGNATURES_MISSING for a role whose file was brought along, signed */
  setFile(at: Located, path: TargetPath, file: TargetFile | null): void {
    if (this.#work.get(at.name)?.brought !== null && this.#work.has(at.name))
      throw new PublishError('SIGNATURES_MISSING', `${path}: ${at.name} was signed elsewhere, without it`);
    const files = this.#files.get(at.name) ?? new Map<TargetPath, TargetFile | null>();
    this.#files.set(at.name, files.set(path, file));
    this.edit(at, { files });
  }

  setContent(key: string, content: Content): void {
    this.#contents.set(key, content);
  }

  /** `null`: made by this workspace, not on the head. */
  async onHead(at: Located): Promise<Loaded<Targets> | null> {
    if (this.#work.get(at.name)?.created === true) return null;
    return this.head.role(at.name, at.delegator);
  }

  /** `null` also for a role that the head does not list, or lists without this delegator. */
  async onHeadOrNull(at: Located): Promise<Loaded<Targets> | null> {
    if (!this.head.snapshot.signed.meta.has(at.name)) return null;
    if (at.delegator !== rootRole && this.#work.get(at.delegator)?.created === true) return null;
    return this.onHead(at);
  }

  async delegations(at: Located): Promise<Delegations | null> {
    const edited = this.#work.get(at.name)?.delegations;
    return edited === undefined ? ((await this.onHead(at))?.signed.delegations ?? null) : edited;
  }

  async fileIn(at: Located, path: TargetPath): Promise<TargetFile | null> {
    const work = this.#work.get(at.name);
    if (work !== undefined && work.brought !== null) return work.brought.signed.targets.get(path) ?? null;
    const edited = work?.files.get(path);
    return edited === undefined ? ((await this.onHead(at))?.signed.targets.get(path) ?? null) : edited;
  }

  async filesOf(at: Located): Promise<ReadonlyMap<TargetPath, TargetFile>> {
    const work = this.#work.get(at.name);
    if (work !== undefined && work.brought !== null) return work.brought.signed.targets;
    const files = (await this.onHead(at))?.signed.targets ?? new Map<TargetPath, TargetFile>();
    return work === undefined || work.files.size === 0 ? files : editedTargetFiles(files, work.files);
  }

  /** The search of a client (5.6.7): pre-order, in trust order, terminating delegations end it. */
  async find(path: TargetPath): Promise<{ readonly at: Located; readonly file: TargetFile } | null> {
    let pending: readonly Located[] = [top];
    const visited = new Set<string>();
    for (let at = pending[0]; at !== undefined && visited.size < maxVisits; at = pending[0]) {
      pending = pending.slice(1);
      if (visited.has(at.name)) continue;
      visited.add(at.name);
      const file = await this.fileIn(at, path);
      if (file !== null) return { at, file };
      const delegations = await this.delegations(at);
      if (delegations === null) continue;
      const children: Located[] = [];
      for (const { name, terminating } of rolesForTarget(delegations, path)) {
        children.push({ name, delegator: at.name });
        if (!terminating) continue;
        pending = [];
        break;
      }
      pending = [...children, ...pending];
    }
    return null;
  }

  /** Where a path goes that is not there yet: down the first delegation that covers it, where a client looks first. */
  async owner(path: TargetPath): Promise<Located> {
    let at = top;
    for (let depth = 0; depth < maxVisits; depth++) {
      const delegations = await this.delegations(at);
      const child = delegations === null ? undefined : rolesForTarget(delegations, path)[0];
      if (child === undefined) return at;
      at = { name: child.name, delegator: at.name };
    }
    throw new PublishError('BAD_TARGET', `${path}: delegated more than ${maxVisits} levels deep`);
  }

  /** Every role in trust order, level by level. */
  async *walk(): AsyncGenerator<Located> {
    const queue: Located[] = [top];
    const seen = new Set<string>();
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      if (seen.has(at.name)) continue;
      seen.add(at.name);
      yield at;
      const { name: delegator } = at;
      for (const name of delegatedNames(await this.delegations(at))) queue.push({ name, delegator });
    }
  }

  /** `null`: nobody delegates to it. */
  async locate(raw: string): Promise<Located | null> {
    const name = roleName(raw);
    if (name === targetsRole) return top;
    const queue: Located[] = [top];
    const seen = new Set<string>();
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      if (seen.has(at.name)) continue;
      seen.add(at.name);
      const { name: delegator } = at;
      const names = delegatedNames(await this.delegations(at));
      if (names.includes(name)) return { name, delegator };
      for (const child of names) queue.push({ name: child, delegator });
    }
    return null;
  }

  /** @throws PublishError UNKNOWN_ROLE where nobody delegates to it */
  async located(raw: string): Promise<Located> {
    const at = await this.locate(raw);
    if (at === null) throw new PublishError('UNKNOWN_ROLE', `there is no role ${raw}`);
    return at;
  }

  /** Who must sign it, and under which name its signers are asked for. */
  async keysOf(at: Located): Promise<{
    readonly role: RoleKeys;
    readonly keys: ReadonlyMap<KeyId, Key>;
    readonly askAs: string;
    readonly splits: RoleName | null;
    /** A bin that the snapshot's own keys sign: the snapshot lists it by its version alone. */
    readonly underSnapshot: boolean;
  }> {
    const { root } = this.head;
    const alone = { splits: null, underSnapshot: false };
    if (at.delegator === rootRole) {
      const role = root.signed.roles.get('targets');
      if (role === undefined) throw new PublishError('UNKNOWN_ROLE', 'a root without the role targets');
      return { role, keys: root.signed.keys, askAs: 'targets', ...alone };
    }
    const retired = this.#work.get(at.name)?.retired ?? null;
    if (retired !== null) return { ...retired, ...alone };
    const located = await this.locate(at.delegator);
    const delegations = located === null ? null : await this.delegations(located);
    const role = delegations === null ? null : delegatedKeys(delegations, at.name);
    if (delegations === null || role === null)
      throw new PublishError('UNKNOWN_ROLE', `${at.delegator} does not delegate to ${at.name}`);
    const { keys } = delegations;
    if (!isSplit(delegations)) return { role, keys, askAs: at.name, ...alone };
    const underSnapshot = isUnderSnapshot(root.signed, role, keys);
    const askAs = underSnapshot ? 'snapshot' : at.delegator;
    return { role, keys, askAs, splits: at.delegator, underSnapshot };
  }
}
