/** docs/real-plugins.md, from what happened. */
import { writeFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { repositoryRoot } from '../demo/stage.ts';
import type { Trial } from './ask.ts';
import type { RealPlugin } from './plugin.ts';

export interface Result {
  readonly plugin: RealPlugin;
  /** Why it is not installed; the rest is empty then. */
  readonly refused: string | null;
  readonly files: number;
  readonly bundled: number;
  /** What was found in its code, in words. */
  readonly capabilities: readonly string[];
  readonly publishMs: number;
  readonly installMs: number;
  readonly sandbox: Trial | null;
  readonly process: Trial | null;
  readonly nothing: Trial | null;
}

export function isFine({ refused, sandbox, process: held }: Result): boolean {
  return refused === null && sandbox?.failure === null && held?.failure === null;
}

export async function writeReport(results: readonly Result[]): Promise<void> {
  const fine = results.filter(isFine);
  const bare = fine.filter(({ nothing }) => nothing?.failure === null);
  const text = `# Real plugins

Written by \`npm run test:real-plugins\`, which fetches these packages from npm, publishes each into a vault, installs it on a host with all that its code was found to use, starts it confined, asks it something and compares the answer. It needs a
network and bubblewrap, and fails unless all that is listed here without a failure answers again.

${fine.length} of ${results.length} answer in both modes; ${bare.length} also with nothing granted: no file but their own, no network, no variable, no program. Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} processors.

Versions of the packages that are named are exact; what they depend on is what npm chose that day. Milliseconds are from asking for it until it is ready: verifying signatures and every file, starting the process, loading its code (of a server, until the client has
been greeted).

${table(
  ['plugin', 'packages', 'kind', 'files', 'publish', 'install', 'sandbox', 'process', 'nothing granted'],
  results.map((one) => [
    one.plugin.name,
    one.plugin.packages.join(', '),
    one.plugin.kind,
    one.refused === null ? String(one.files) : '–',
    milliseconds(one.publishMs),
    one.refused === null ? milliseconds(one.installMs) : 'refused',
    shown(one.sandbox),
    shown(one.process),
    one.nothing === null ? '–' : one.nothing.failure === null ? 'answers' : 'fails',
  ]),
)}

## What was asked, and what was found in the code

"Declares" is what \`ragv publish\` found in the plugin and all that is bundled with it: everything that could be reached from some file, used by this question or not. A host may grant less, as the last column above shows.

${table(
  ['plugin', 'asked', 'answered', 'declares'],
  results.map((one) => [
    one.plugin.name,
    asked(one.plugin),
    isFine(one) ? code(answer(one.plugin)) : 'not, see below',
    one.capabilities.join('; ') || 'nothing',
  ]),
)}

## What fails

${failures(results).join('\n') || 'Nothing.'}
`;
  const path = join(repositoryRoot, 'docs', 'real-plugins.md');
  await writeFile(path, await format(text, { ...(await resolveConfig(path)), parser: 'markdown' }));
}

function failures(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ plugin, refused, sandbox, process: held, nothing }) => [
    ...(plugin.fails === undefined ? [] : [`- ${plugin.name}: ${plain(plugin.fails)}.`]),
    ...(refused === null ? [] : [`- ${plugin.name} is not installed: ${plain(refused)}`]),
    ...(
      [
        ['sandbox', sandbox],
        ['process', held],
        ['with nothing granted', nothing],
      ] as const
    ).flatMap(([mode, trial]) =>
      trial === null || trial.failure === null ? [] : [`- ${plugin.name}, ${mode}: ${plain(trial.failure)}`],
    ),
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function asked(plugin: RealPlugin): string {
  if (plugin.type === 'data') return code(`${plugin.file}: ${plugin.member.join('.')}`);
  const [name, params] = plugin.type === 'library' ? plugin.call : plugin.tool;
  return code(`${name === 'default' ? 'its function' : name}(${JSON.stringify(params)})`);
}

function answer(plugin: RealPlugin): string {
  return plugin.type === 'server' ? `… ${plugin.answer} …` : JSON.stringify(plugin.answer);
}

function code(text: string): string {
  const short = text.length <= 90 ? text : `${text.slice(0, 89)}…`;
  return `\`\`${short}\`\``;
}

function plain(text: string): string {
  return text.replaceAll(/(?:\/[\w.@+-]+){3,}/g, '…').replaceAll(/[<>*_]/g, (mark) => `\\${mark}`);
}

function milliseconds(ms: number): string {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(0)} s` : `${ms.toFixed(0)} ms`;
}

function shown(trial: Trial | null): string {
  if (trial === null) return '–';
  return trial.ms === null || trial.failure !== null ? 'FAILS' : milliseconds(trial.ms);
}
