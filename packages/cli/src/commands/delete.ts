import { parseIndex, pluginPath, pluginSpec, pluginVersion, type VendorName } from '@ragnos/plugin';
import type { Change, Draft } from '@ragnos/repository';
import { targetPath } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { doorSettings } from '../door/settings.ts';
import { CliError } from '../errors.ts';
import { confirm } from '../prompt.ts';
import { atTheDoor, yankOne } from '../vault/publish-plugins.ts';
import { vendorRole } from '../vault/layout.ts';
import { loadHolds } from '../vault/holds.ts';
import { openVault, type Vault } from '../vault/vault.ts';

/** What is to be taken out of the metadata, and the change that does it. */
interface Deletion {
  readonly paths: readonly string[];
  readonly change: Change;
}

/**
 * Takes a target, or all files of one version, out of the metadata. The version stays in its index, yanked: an index never
 * loses one. The stored content is deleted by `ragv gc` once no client can hold metadata that lists it.
 */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal, dryRun } = context;
  const name = context.args[0] ?? '';
  const vault = await openVault(context);
  try {
    const { paths, change } = await deletion(vault, name, options.text('reason'), signal);
    if (dryRun) await vault.repository.inspect(async (draft) => change(draft), { signal });
    else {
      await confirm(
        `This takes ${name} away from everybody who does not have it yet`,
        name,
        options.flag('yes'),
        signal,
      );
      await vault.repository.publish(change, { signal });
    }
    const holds = await loadHolds(vault, signal);
    voice.answer(
      { deleted: paths, dryRun },
      paths.map((path) => `${dryRun ? 'would delete' : 'deleted'} ${path}`),
    );
    voice.note('hosts that have it keep it; ragv yank also tells them not to');
    voice.note(
      holds.length === 0
        ? 'its content lies in the store until ragv gc --apply, a day from now at the earliest'
        : 'its content lies in the store until ragv gc --apply, and longer where a hold is on it',
    );
  } finally {
    await vault.repository.close();
  }
  return;
}

async function deletion(
  vault: Vault,
  name: string,
  reason: string | undefined,
  signal: AbortSignal,
): Promise<Deletion> {
  const isTarget = await vault.repository
    .inspect(async (draft) => (await draft.find(targetPath(name))) !== null, { signal })
    .catch(() => false);
  if (isTarget) return ofPath(name);
  if (/^[^/@]+\/[^/@]+@[^/@]+$/.test(name)) return ofVersion(vault, name, reason, signal);
  throw new CliError('NO_SUCH_FILE', `there is no target ${name}`, {
    hint: 'ragv target list shows them; a version is written vendor/plugin@1.2.0',
  });
}

/** What hosts refuse to lose is not deleted: an index, the catalog, revocations. */
function ofPath(path: string): Deletion {
  if (/^(?:catalog|policy)\//.test(path) || /^vendors\/[^/]+\/[^/]+\/index\.json$/.test(path))
    throw new CliError('USAGE', `${path} is never deleted: hosts refuse a repository that lost it`, {
      hint: 'delete a version instead: ragv delete vendor/plugin@1.2.0',
    });
  return {
    paths: [path],
    change: async (draft) => {
      if (!(await draft.remove(path))) throw gone(path);
    },
  };
}

async function ofVersion(
  vault: Vault,
  name: string,
  reason: string | undefined,
  signal: AbortSignal,
): Promise<Deletion> {
  const spec = pluginSpec(name);
  if (spec.wanted === null) throw new CliError('USAGE', 'which version?');
  const version = pluginVersion(spec.wanted);
  const folder = `vendors/${spec.vendor}/${spec.plugin}/`;
  const why = reason === undefined ? 'deleted' : `deleted: ${reason}`;
  const yank = atTheDoor(spec.vendor, yankOne(spec, version, { reason: why }), doorSettings(signal));
  const filesOf = async (draft: Draft): Promise<readonly string[]> => {
    const index = await draft.read(pluginPath(spec.vendor, spec.plugin, 'index.json'));
    const entry = index === null ? undefined : parseIndex(index).versions.get(version);
    const named = entry === undefined ? [] : [entry.artifact.name, entry.manifest.name];
    const listed = await listedBelow(draft, spec.vendor, `${folder}${spec.plugin}-${version}.`);
    return [...new Set([...named.map((file) => `${folder}${file}`), ...listed])].toSorted();
  };
  const paths = await vault.repository.inspect(
    async (draft) => {
      const there: string[] = [];
      for (const path of await filesOf(draft)) if ((await draft.find(path)) !== null) there.push(path);
      return there;
    },
    { signal },
  );
  if (paths.length === 0) throw gone(name);
  return {
    paths,
    change: async (draft) => {
      await yank(draft);
      for (const path of await filesOf(draft)) await draft.remove(path);
    },
  };
}

/** The artifact, the manifest, and evidence that lies beside them. */
async function listedBelow(draft: Draft, vendor: VendorName, prefix: string): Promise<readonly string[]> {
  const listed = await draft.list(vendorRole(vendor));
  return [...listed.keys()].filter((path) => path.startsWith(prefix));
}

function gone(name: string): CliError {
  return new CliError('NO_SUCH_FILE', `there is no ${name}, or it was deleted already`, {
    hint: 'ragv target list',
  });
}
