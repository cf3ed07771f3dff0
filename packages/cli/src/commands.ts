import type { CommandSpec, OptionSpec } from './command.ts';
import { auditCommands } from './table/audit.ts';
import { eventCommands, rootCommands } from './table/events.ts';
import { artifactCommands } from './table/artifact.ts';
import { hostCommands } from './table/host.ts';
import { metadataCommands } from './table/metadata.ts';
import { operatorCommands } from './table/operator.ts';
import { sandboxCommands } from './table/sandbox.ts';
import { watchCommands } from './table/watch.ts';
import { policyCommands } from './table/policy.ts';
import { vendorCommands } from './table/vendor.ts';

/** The command line as data, in the order of the help page: operator first, then host, then the rest. */
export const commands: readonly CommandSpec[] = [
  ...operatorCommands,
  ...vendorCommands,
  ...rootCommands,
  ...eventCommands,
  ...metadataCommands,
  ...watchCommands,
  ...auditCommands,
  ...hostCommands,
  ...sandboxCommands,
  ...policyCommands,
  ...artifactCommands,
  {
    words: ['status'],
    args: '',
    summary: 'in a vault: its roles; on a host: its plugins. What needs attention, and the next command',
    audience: 'both',
    writes: false,
    options: [['--host', 'the host, even where a ragv.toml is']],
    examples: ['ragv status', 'ragv status --vault ./vault --json'],
    load: () => import('./commands/status.ts'),
  },
  {
    words: ['env'],
    args: '',
    summary: 'the environment variables that ragv looks at',
    audience: 'anyone',
    writes: false,
    options: [],
    examples: ['ragv env'],
    load: () => import('./commands/env.ts'),
  },
  {
    words: ['completion'],
    args: '<shell>',
    summary: 'a completion script for bash, zsh or fish',
    audience: 'anyone',
    writes: false,
    options: [],
    examples: ['source <(ragv completion bash)'],
    load: () => import('./commands/completion.ts'),
  },
  {
    words: ['manual'],
    args: '',
    summary: 'this reference as Markdown',
    audience: 'anyone',
    writes: false,
    options: [],
    examples: ['ragv manual > cli.md'],
    load: () => import('./commands/manual.ts'),
  },
];

/** The options that a command has beside its own. */
export function commonOptions(spec: CommandSpec): readonly OptionSpec[] {
  const operator: readonly OptionSpec[] = [
    ['--vault <folder>', 'the operator’s folder (default: RAGV_VAULT or the current one)'],
    ['--password-file <file>', 'a file, mode 0600, with the password of the keys'],
    ['--password-stdin', 'read the password from standard input'],
  ];
  const host: readonly OptionSpec[] = [
    ['--home <folder>', 'the host’s folder (default: RAGV_HOME or the data folder)'],
    ['--repository <alias>', 'which trusted repository, where there are several'],
    ['--policy <file>', 'the policy of this host (default: RAGV_POLICY); the repository’s comes on top'],
    ['--offline', 'ask no network; use what is trusted already'],
    ['--allow-http', 'http: off loopback'],
  ];
  return [
    ...(spec.audience === 'operator' || spec.audience === 'both' ? operator : []),
    ...(spec.audience === 'host' || spec.audience === 'both' ? host : []),
    ...(spec.writes ? ([['--dry-run', 'say what would happen, and change nothing']] as const) : []),
    ['--json', 'the answer as JSON'],
    ['--quiet', 'no notes and no progress'],
  ];
}
