import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes, exitOfCode } from '../exit-codes.ts';
import { hostFor } from '../host.ts';
import { count } from '../text.ts';

/**
 * Exit code 3 if anything is not as it was signed, whatever else is fine; else that of the first reason for which something would
 * not be started or a vendor of it is held, as a rule 10.
 */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  if (options.flag('all') && context.args[0] !== undefined)
    throw new CliError('USAGE', `--all is every plugin, and ${context.args[0]} was named`);
  const results = await (
    await hostFor(context)
  ).verify(context.args[0], { repair: options.flag('repair'), signal });
  const lines = results.flatMap((result) => {
    const version = result.version === null ? '' : `@${result.version}`;
    const name = `${result.vendor}/${result.plugin}${version}`;
    const verdict = result.repaired
      ? 'was damaged and is repaired'
      : result.ok
        ? 'is as it was signed'
        : result.version === null
          ? 'cannot be read'
          : 'is NOT as it was signed';
    const chain =
      result.chain === null
        ? []
        : [
            `  ${result.version === null ? '' : 'signed chain: '}${result.chain.message} [${result.chain.code}]`,
          ];
    return [
      `${name} ${verdict}  ${count(result.files, 'file')}`,
      ...chain,
      ...(result.refused === null
        ? []
        : [`  would not be started: ${result.refused.message} [${result.refused.code}]`]),
      ...(result.held === null ? [] : [`  ${result.held.message} [${result.held.code}]`]),
      ...result.findings.slice(0, 20).map((finding) => `  ${finding.kind}: ${finding.path}`),
    ];
  });
  voice.answer({ results }, lines);
  const bad = results.filter((result) => !result.ok);
  if (results.length === 0) voice.note('no plugin is installed');
  const hints = bad.flatMap(({ chain }) => chain?.hint ?? []);
  for (const hint of new Set(hints)) voice.note(`hint: ${hint}`);
  if (bad.some(({ version }) => version !== null) && !options.flag('repair'))
    voice.note('hint: ragv verify --repair unpacks them again from their verified archives');
  if (bad.length > 0) return exitCodes.untrusted[0];
  const refused = results.flatMap((result) => result.refused ?? []);
  for (const hint of new Set(refused.flatMap((reason) => reason.hint ?? []))) voice.note(`hint: ${hint}`);
  const [first = null] = [...refused, ...results.flatMap((result) => result.held ?? [])];
  return first === null ? exitCodes.ok[0] : exitOfCode(first.code);
}
