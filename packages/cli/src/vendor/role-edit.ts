import type { Updater } from '@ragnos/client';
import { freePrefix, type Content } from '@ragnos/repository';
import {
  hexDigest,
  rolesForTarget,
  targetPath,
  withRepositoryId,
  type RoleName,
  type TargetFile,
  type TargetPath,
  type Targets,
} from '@ragnos/tuf';
import type { VendorName } from '@ragnos/plugin';
import { sha256 } from '../sha256.ts';
import type { VendorFiles } from '../vault/publish-plugins.ts';
import { splitTargets, styleOf, type BinStyle } from './split.ts';
import { loadBins, vendorState } from './state.ts';

/** Bytes of an index; what is read of a vendor's own files. */
const readMaxLength = 16 * 1024 * 1024;

/** A vendor's role, and the bins that it may be split into, as the repository has them, with edits on top. */
export interface RoleEdit extends VendorFiles {
  /** The new signed parts, by role: one version on, with `expires`. */
  signed(expires: Date): ReadonlyMap<RoleName, Targets>;
  /** All of the vendor's roles as they are, one version on, with `expires`. */
  renewed(expires: Date): Promise<ReadonlyMap<RoleName, Targets>>;
  /** All of the vendor's roles, split into 2^bits bins or split anew, with the edits; `style` as before, or succinct, unless given. */
  split(bits: number, expires: Date, style?: BinStyle): Promise<ReadonlyMap<RoleName, Targets>>;
  /** What has to be handed in with them, by path. */
  readonly contents: ReadonlyMap<string, Content>;
}

/** From verified metadata: `updater` is refreshed. Whatever is to be signed names the repository. @throws CliError NO_SUCH_VENDOR */
export async function editRole(
  { updater, repositoryId }: { readonly updater: Updater; readonly repositoryId: string },
  vendor: VendorName,
  signal: AbortSignal,
): Promise<RoleEdit> {
  const state = await vendorState(updater, vendor, signal);
  const { name, own } = state;
  const base = new Map<RoleName, Targets>([[name, own]]);
  const edits = new Map<RoleName, Map<TargetPath, TargetFile>>();
  const contents = new Map<string, Content>();
  const next = (role: Targets, expires: Date): Targets => ({
    ...role,
    version: role.version + 1,
    expires,
    unrecognized: withRepositoryId(role.unrecognized, repositoryId),
  });
  const roleOf = async (path: TargetPath): Promise<RoleName> => {
    const { delegations } = own;
    if (delegations === null) return name;
    const bin = rolesForTarget(delegations, path)[0]?.name;
    if (bin === undefined) return name;
    await updater.find(path, { signal });
    const signed = updater.trusted.role(bin, name);
    if (signed !== null) base.set(bin, signed);
    return bin;
  };
  return {
    contents,
    async read(raw) {
      const path = targetPath(raw);
      const fresh = contents.get(path);
      if (fresh instanceof Uint8Array) return fresh;
      const info = await updater.find(path, { signal });
      return info === null ? null : updater.read(info, { maxLength: readMaxLength, signal });
    },
    async add(raw, content) {
      const path = targetPath(raw);
      const role = await roleOf(path);
      const digest = content instanceof Uint8Array ? sha256(content) : content.sha256;
      const known = base.get(role)?.targets.get(path);
      if (known?.hashes.get('sha256') === digest && known.length === content.length) return;
      const file = {
        length: content.length,
        hashes: new Map([['sha256', hexDigest(digest)]]),
        custom: known?.custom,
        unrecognized: known?.unrecognized ?? new Map(),
      };
      edits.set(role, (edits.get(role) ?? new Map<TargetPath, TargetFile>()).set(path, file));
      contents.set(path, content);
    },
    async renewed(expires) {
      const roles = [[name, own] as const, ...(await loadBins(updater, vendor, state, signal))];
      return new Map(roles.map(([role, signed]) => [role, next(signed, expires)]));
    },
    async split(bits, expires, style = styleOf(own.delegations) ?? 'succinct') {
      const files = new Map<TargetPath, TargetFile>(own.targets);
      for (const bin of (await loadBins(updater, vendor, state, signal)).values())
        for (const [path, file] of bin.targets) files.set(path, file);
      for (const edited of edits.values()) for (const [path, file] of edited) files.set(path, file);
      const listed = [...(updater.trusted.snapshot?.meta.keys() ?? [])];
      return splitTargets(
        { ...own, unrecognized: withRepositoryId(own.unrecognized, repositoryId) },
        { role: name, prefix: freePrefix(listed, name, bits), bits, style, keys: state.layout },
        files,
        expires,
      );
    },
    signed(expires) {
      return new Map(
        [...edits].map(([role, files]) => {
          const before = base.get(role) ?? own;
          return [role, { ...next(before, expires), targets: new Map([...before.targets, ...files]) }];
        }),
      );
    },
  };
}
