import { commands, commonOptions } from './commands.ts';
import { environment } from './env.ts';
import { exitCodes, exitOfError } from './exit-codes.ts';

/** docs/reference/cli.md: everything in it comes from the tables that the program itself works by. */
export function manual(): string {
  const sections = commands.map((spec) => {
    const options = [...spec.options, ...commonOptions(spec)].map(
      ([flags, description]) => `| \`${flags.replaceAll('|', '\\|')}\` | ${description} |`,
    );
    const title = `ragv ${spec.words.join(' ')} ${spec.args}`.trim();
    return [
      `## ${title}`,
      '',
      `${spec.summary[0]?.toUpperCase()}${spec.summary.slice(1)}.`,
      '',
      '```sh',
      ...spec.examples,
      '```',
      '',
      '| option | |',
      '| --- | --- |',
      ...options,
      '',
    ].join('\n');
  });
  const codes = Object.values(exitCodes).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const variables = Object.entries(environment).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  const errors = Object.entries(exitCodes).flatMap(([name, [code]]) => {
    const found = Object.entries(exitOfError).filter(([, exit]) => exit === name);
    return found.length === 0 ? [] : [`| ${code} | ${found.map(([error]) => `\`${error}\``).join(', ')} |`];
  });
  return [
    '# ragv, the command line',
    '',
    'Made by `ragv manual`; do not edit. stdout is the answer, stderr the rest; with `--json` the answer is JSON and an error is one line of JSON on stderr.',
    '',
    ...sections,
    '## Exit codes',
    '',
    '| code | meaning |',
    '| ---: | --- |',
    ...codes,
    '',
    '## Error codes',
    '',
    'In brackets behind each message, and as `error.code` with `--json`. They are stable; the texts are not.',
    '',
    '| exit | codes |',
    '| ---: | --- |',
    ...errors,
    '',
    '## Environment',
    '',
    '| variable | meaning |',
    '| --- | --- |',
    ...variables,
    '',
  ].join('\n');
}
