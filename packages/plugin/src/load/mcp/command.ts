import type { Activated } from '../activate.ts';
import type { Program } from '../start.ts';
import { chooseEntry, launchOf } from '../../host/launch.ts';

export interface CommandChoice {
  readonly bin?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
}

/**
 * The plugin's command, with what its bundle and its person set; its process sees the tree at `root`.
 * @throws HostNotFoundError `NO_SUCH_COMMAND`
 */
export function commandProgram({ manifest }: Activated, root: string, choice: CommandChoice): Program {
  const entry = chooseEntry(manifest, choice.bin);
  const options = { settings: choice.settings, environment: process.env };
  const { args, env, folders } = launchOf(manifest, root, options);
  return { entry, args: [...args, ...(choice.args ?? [])], env, folders };
}
