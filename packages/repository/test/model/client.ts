import {
  checkBytes,
  hashedTargetPath,
  metadataFileName,
  roleName,
  rolesForTarget,
  targetPath,
  TrustedMetadataSet,
  VaultError,
  type RoleName,
  type Targets,
} from '@ragnos/tuf';
import { everyPath, type File, type RoleState, type State } from './state.ts';

/** Bytes of an object of the store; `null`: it is not there. */
export type Get = (key: string) => Promise<Uint8Array | null>;

/** What a client keeps from one session to the next. */
export interface Known {
  readonly root: Uint8Array;
  readonly timestamp: Uint8Array | null;
  readonly snapshot: Uint8Array | null;
}

const top = roleName('targets');

/** A client of any age, one request at a time, as section 5 of the specification has it. */
export class ModelClient {
  readonly #get: Get;
  readonly set: TrustedMetadataSet;
  known: Known;

  private constructor(get: Get, set: TrustedMetadataSet, known: Known) {
    this.#get = get;
    this.set = set;
    this.known = known;
  }

  /** @throws Error for a file that is listed and not there; what the trust core refuses */
  static async refresh(get: Get, known: Known, now: Date): Promise<ModelClient> {
    const client = new ModelClient(get, new TrustedMetadataSet(known.root, { now }), known);
    await client.#refresh();
    return client;
  }

  async #refresh(): Promise<void> {
    const { set } = this;
    let { root } = this.known;
    for (;;) {
      const next = await this.#get(`metadata/${set.root.version + 1}.root.json`);
      if (next === null) break;
      set.updateRoot(next);
      root = next;
    }
    const before = this.#remember();
    const timestamp = await this.#need('metadata/timestamp.json');
    if (set.updateTimestamp(timestamp)) this.known = { ...this.known, timestamp };
    const version = set.timestamp?.snapshot.version ?? 0;
    if (version < before.snapshot)
      throw new Error(`snapshot went back from ${before.snapshot} to ${version}`);
    let snapshot = this.known.snapshot;
    if (set.snapshot === null || set.snapshot.version !== version) {
      snapshot = await this.#need(`metadata/${version}.snapshot.json`);
      set.updateSnapshot(snapshot);
    }
    this.known = { root, timestamp, snapshot };
    await this.#load(top, roleName('root'));
  }

  /** What was trusted once guards against rollback. Signed by keys that a new root dropped, it is forgotten (5.3.11). */
  #remember(): { readonly snapshot: number } {
    const { timestamp, snapshot } = this.known;
    try {
      if (timestamp !== null) this.set.updateTimestamp(timestamp);
      if (snapshot !== null) this.set.updateSnapshot(snapshot, { trusted: true });
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
    }
    return { snapshot: this.set.snapshot?.version ?? 0 };
  }

  get version(): number {
    return this.set.timestamp?.version ?? 0;
  }

  /** The file, and the role below `targets` that led to it. `null`: there is none. */
  async read(raw: string): Promise<File | null> {
    const path = targetPath(raw);
    let pending: (readonly [name: RoleName, delegator: RoleName, branch: string])[] = [
      [top, roleName('root'), top],
    ];
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const [name, delegator, branch] = next;
      const role = await this.#load(name, delegator);
      const file = role.targets.get(path);
      const digest = file?.hashes.get('sha256');
      if (file !== undefined && digest !== undefined) {
        const bytes = await this.#need(`targets/${hashedTargetPath(path, digest)}`);
        checkBytes(bytes, file, raw);
        return { content: Buffer.from(bytes).toString(), role: branch };
      }
      const children: [RoleName, RoleName, string][] = [];
      for (const child of role.delegations === null ? [] : rolesForTarget(role.delegations, path)) {
        children.push([child.name, name, name === top ? child.name : branch]);
        if (!child.terminating) continue;
        pending = [];
        break;
      }
      pending.unshift(...children);
    }
    return null;
  }

  async files(): Promise<ReadonlyMap<string, File>> {
    const files = new Map<string, File>();
    for (const path of everyPath) {
      const file = await this.read(path);
      if (file !== null) files.set(path, file);
    }
    return files;
  }

  /** Everything, verified: also roles that list none of the paths, and every file that the snapshot names. */
  async state(): Promise<State> {
    const files = await this.files();
    const roles = new Map<string, RoleState>();
    const { delegations } = await this.#load(top, roleName('root'));
    for (const { name, keyIds, threshold } of delegations?.roles ?? []) {
      const own = (await this.#load(name, top)).delegations;
      const bins = own === null ? [] : this.#binsOf(own);
      for (const bin of bins) await this.#load(bin, name);
      roles.set(name, { keys: keyIds.toSorted().join(), threshold, bins: bins.length });
    }
    const meta = [...(this.set.snapshot?.meta ?? [])];
    for (const [name, { version }] of meta) await this.#need(`metadata/${metadataFileName(name, version)}`);
    return { files, roles, taken: new Set(meta.map(([name]) => name)) };
  }

  #binsOf(delegations: NonNullable<Targets['delegations']>): readonly RoleName[] {
    const { succinctRoles, roles } = delegations;
    if (succinctRoles === null) return (roles ?? []).map(({ name }) => name);
    const { namePrefix, bitLength } = succinctRoles;
    const digits = Math.ceil(bitLength / 4);
    return Array.from({ length: 2 ** bitLength }, (_, index) =>
      roleName(`${namePrefix}-${index.toString(16).padStart(digits, '0')}`),
    );
  }

  async #load(name: RoleName, delegator: RoleName): Promise<Targets> {
    const known = this.set.role(name, delegator);
    if (known !== null) return known;
    const { version } = this.set.expectedRole(name);
    const bytes = await this.#need(`metadata/${metadataFileName(name, version)}`);
    return this.set.updateDelegatedTargets(bytes, name, delegator);
  }

  async #need(key: string): Promise<Uint8Array> {
    const bytes = await this.#get(key);
    if (bytes === null) throw new Error(`listed, and not there: ${key}`);
    return bytes;
  }
}
