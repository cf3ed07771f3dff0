import type { OptionSpec } from '../command.ts';

/** Of every command that packs. */
export const packOptions: readonly OptionSpec[] = [
  ['--bundle', 'put the production dependencies inside'],
  ['--name <name>', 'the plugin’s name (default: the package’s, of a scoped one the last part)'],
  ['--lockfile <file>', 'a package-lock.json that says what is bundled'],
  ['--target <system>', 'linux-x64 and the like: take native parts for that system'],
  [
    '--env <name...>',
    'after the sources; variables with which an MCP server is started once, to be asked for its tools',
  ],
  ['--settings <file>', 'JSON: the settings of a bundle for that start'],
  [
    '--arg <text...>',
    'after the sources; arguments for that start, ${chosen} being a folder that is made for it',
  ],
  ['--allow-no-tools', 'publish a server whose tools could not be asked of it: hosts let none pass'],
];
