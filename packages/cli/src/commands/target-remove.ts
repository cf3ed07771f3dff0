import type { Draft } from '@ragnos/repository';
import { targetPath } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { openVault } from '../vault/vault.ts';

/** All paths or none: a path that is not there fails the whole command. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const paths = context.args.map(targetPath);
  const vault = await openVault(context);
  const change = async (draft: Draft): Promise<void> => {
    for (const path of paths)
      if (!(await draft.remove(path)))
        throw new CliError('NO_SUCH_FILE', `there is no target ${path}; nothing was removed`, {
          hint: 'ragv target list',
        });
  };
  try {
    if (context.dryRun) await vault.repository.inspect(change, { signal });
    else await vault.repository.publish(change, { signal });
    voice.answer(
      { removed: paths, dryRun: context.dryRun },
      paths.map((path) => `${context.dryRun ? 'would remove' : 'removed'} ${path}`),
    );
  } finally {
    await vault.repository.close();
  }
  return;
}
