import { PublishError, type Change, type Draft, type PublishResult } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { fileTarget, type FileTarget } from '../metadata/proposals.ts';
import { bytes } from '../text.ts';
import { openVault, type Vault } from '../vault/vault.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const path = options.text('path');
  if (path !== undefined && context.args.length > 1)
    throw new CliError('USAGE', '--path is for one file, and several were given', {
      hint: 'use --below <folder>',
    });
  const below = options.text('below');
  const added: FileTarget[] = [];
  for (const file of context.args) added.push(await fileTarget(file, { path, below }, signal));
  const vault = await openVault(context);
  try {
    const change = async (draft: Draft): Promise<void> => {
      for (const { path: target, content } of added) await draft.add(target, content);
    };
    const result = context.dryRun ? null : await published(vault, change, context);
    if (context.dryRun) await vault.repository.inspect(change, { signal });
    voice.answer(
      {
        added: added.map(({ path: target, content }) => ({
          path: target,
          length: content.length,
          sha256: content.sha256,
        })),
        dryRun: context.dryRun,
        timestamp: result?.version ?? null,
      },
      added.map(
        ({ path: target, content }) =>
          `${context.dryRun ? 'would sign' : 'signed'} ${target}  ${bytes(content.length)}, sha256:${content.sha256}`,
      ),
    );
  } finally {
    await vault.repository.close();
  }
  return;
}

/** @throws PublishError SIGNATURES_MISSING, with the command that asks those who have the keys */
async function published(
  vault: Vault,
  change: Change,
  { args, options, signal }: Context,
): Promise<PublishResult> {
  try {
    return await vault.repository.publish(change, { signal });
  } catch (error) {
    if (!(error instanceof PublishError && error.code === 'SIGNATURES_MISSING')) throw error;
    const below = options.text('below');
    const folder = below === undefined ? '' : ` --below ${below}`;
    const named =
      options.text('path') === undefined
        ? ''
        : '; there --below names the folder, and the file keeps its name';
    throw new PublishError(error.code, error.message, {
      cause: error,
      hint: `nothing was published; ask those who have the keys: ragv event create targets --add-target ${args.join(' ')}${folder}${named}`,
    });
  }
}
