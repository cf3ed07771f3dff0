import { commands, commonOptions } from './commands.ts';
import { environment } from './env.ts';
import { exitCodes } from './exit-codes.ts';

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
    '## Environment',
    '',
    '| variable | meaning |',
    '| --- | --- |',
    ...variables,
    '',
  ].join('\n');
}
