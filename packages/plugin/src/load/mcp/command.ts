import type { Activated } from '../activate.ts';
import { LoadNotFoundError } from '../errors.ts';
import type { Program } from '../start.ts';
import { chooseEntry, launchOf, type GivenToLaunch } from '../../host/launch.ts';

export interface CommandChoice {
  readonly bin?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
}

/**
 * The plugin's command, with what its bundle and its person set, and of this host what was granted; its process sees the tree
 * at `root`.
 * @throws HostNotFoundError `NO_SUCH_COMMAND`, `SETTING_MISSING`
 */
export function commandProgram(
  { manifest }: Activated,
  root: string,
  given: GivenToLaunch,
  { bin, args: more = [], settings }: CommandChoice = {},
): Program {
  const entry = chooseEntry(manifest, bin);
  const { args, env, folders } = launchOf(manifest, root, { settings, given });
  return { entry, args: [...args, ...more], env, folders };
}

/** The same, of what can be a server: a library has none. @throws LoadNotFoundError `NO_ENTRY` */
export function serverProgram(
  activated: Activated,
  root: string,
  given: GivenToLaunch,
  choice: CommandChoice,
): Program {
  const { manifest, name } = activated;
  if (manifest.kind !== 'mcp' && manifest.entry.bin.size === 0)
    throw new LoadNotFoundError('NO_ENTRY', `${name} is no MCP server, and has no command`, {
      hint: 'its functions are called after vault.load()',
    });
  return commandProgram(activated, root, given, choice);
}
