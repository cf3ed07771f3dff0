import { pluginSpec, pluginVersion } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { doorSettings } from '../door/settings.ts';
import { atTheDoor, yankOne } from '../vault/publish-plugins.ts';
import { openVault } from '../vault/vault.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const spec = pluginSpec(context.args[0] ?? '');
  if (spec.wanted === null)
    throw new CliError('USAGE', 'which version?', { hint: 'write vendor/plugin@1.2.0' });
  const version = pluginVersion(spec.wanted);
  const reason = options.text('reason');
  const undo = options.flag('undo');
  if (!undo && reason === undefined)
    throw new CliError('USAGE', 'why?', {
      hint: 'give --reason <text>: everybody who has the version is shown it',
    });
  const edit = yankOne(spec, version, undo ? null : { reason: reason ?? '' });
  const change = atTheDoor(spec.vendor, edit, doorSettings(signal));
  const vault = await openVault(context);
  try {
    const name = `${spec.vendor}/${spec.plugin}@${version}`;
    if (context.dryRun) {
      await vault.repository.inspect(async (draft) => change(draft), { signal });
      voice.answer({ plugin: name, yanked: !undo, dryRun: true }, [
        `would ${undo ? 'un-yank' : 'yank'} ${name}`,
      ]);
      return;
    }
    const result = await vault.repository.publish(change, { signal });
    voice.answer(
      {
        plugin: name,
        yanked: !undo,
        reason: reason ?? null,
        changed: result.changed,
        timestamp: result.version,
      },
      [
        undo
          ? `${name} can be installed again`
          : `yanked ${name}: it is not installed any more, and hosts that have it are told`,
      ],
    );
  } finally {
    await vault.repository.close();
  }
  return;
}
