/** docs/real-plugins.md, from what happened: short tables, and what belongs to one plugin under its name. */
import { writeFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../demo/stage.ts';
import type { Trial } from './ask.ts';
import { code, milliseconds, plain, shortened, table, withoutPaths, wrapped } from './markdown.ts';
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
  /** A server once more, as an AI host starts it. */
  readonly run: Trial | null;
  readonly nothing: Trial | null;
}

export function isFine({ refused, sandbox, process: held, run }: Result): boolean {
  return (
    refused === null && sandbox?.failure === null && held?.failure === null && (run?.failure ?? null) === null
  );
}

/** What could not be tried here, and is therefore not said. */
const notTried = `- Servers that need an account or a network (search, source forges, data bases elsewhere) are not asked: these tools have
  to answer the same on every machine, without a secret.
- Bundles whose server is fetched when it starts (\`npx\`, \`uvx\`, a container) are refused at publication.
- Packages that download or build native code in an install script do not get it, since no script is run. Those that
  bring a prebuilt file for each system are published for one system with \`--target\`.
- Linux alone was tried, which has another sandbox than macOS.
- Bundles (\`.mcpb\`), extensions (\`.vsix\`), folders for Claude and Python wheels are tried by
  \`npm run test:real-plugins -- formats\`, with its results in [formats](formats.md).`;

export async function writeReport(results: readonly Result[]): Promise<void> {
  const fine = results.filter(isFine);
  const bare = fine.filter(({ nothing }) => nothing?.failure === null);
  const servers = results.filter(({ plugin }) => plugin.type === 'server');
  const others = results.filter(({ plugin }) => plugin.type !== 'server');
  const text = `# Real plugins

${wrapped(`Written by \`npm run test:real-plugins\`, which fetches these packages from npm, publishes each into a vault with all that it depends on, installs it on a host with all that its code was found to use, starts it confined, asks it something and compares the answer. It needs a network and bubblewrap, and fails unless all that is listed here without a failure answers again.`)}

${wrapped(`**${fine.length} of ${results.length} answer** in every way that was tried; ${bare.length} also with nothing granted: no file but their own, no network, no variable, no program. Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} processors, three plugins at a time, beside other work: how fast a load is, [benchmarks](benchmarks.md) tells.`)}

${wrapped(`Times are from asking for it until it is ready: verifying signatures and every file, starting the process, loading its code (of a server, until the client has been greeted; over \`ragv run\` the command's own start is in it). A mark (✗) is a failure, told under the plugin's name. Versions of the named packages are exact; what they depend on is what npm chose that day.`)}

## MCP servers

${wrapped(`All of them are asked by the client of the official MCP TypeScript SDK: over \`vault.mcp\`, the transport for a host that uses the library, and over \`ragv run\`, with the SDK's own stdio transport, as an AI host would start it.`)}

${table(
  ['server', '`vault.mcp`, sandbox', '`vault.mcp`, process', '`ragv run`', 'nothing granted'],
  servers.map((one) => [
    `[${one.plugin.name}](#${one.plugin.name})`,
    shown(one.sandbox),
    shown(one.process),
    shown(one.run),
    bareWord(one.nothing),
  ]),
)}

## Plugins of tools, libraries, data

Called through \`vault.load\`; data alone is verified and read.

${table(
  ['plugin', 'kind', 'sandbox', 'process', 'nothing granted'],
  others.map((one) => [
    `[${one.plugin.name}](#${one.plugin.name})`,
    one.plugin.kind,
    shown(one.sandbox),
    shown(one.process),
    bareWord(one.nothing),
  ]),
)}

## What was not possible, and what was not tried

${failing(results)}${notTried}

## One by one

${wrapped(`"Declares" is what \`ragv publish\` found in the plugin and all that is bundled with it: everything that could be reached from what is started, used by this question or not. A host may grant less; what then fails is said.`)}

${results.map(details).join('\n\n')}
`;
  await writeFile(join(repositoryRoot, 'docs', 'real-plugins.md'), text);
}

function failing(results: readonly Result[]): string {
  const known = results.filter((one) => !isFine(one));
  return known
    .map(({ plugin, refused }) => {
      const why = plugin.fails ?? refused ?? 'it does not answer as it has to';
      return `${wrapped(`- [${plugin.name}](#${plugin.name}) (${plugin.kind}): ${plain(shortened(withoutPaths(why), 300))}`, '  ')}\n`;
    })
    .join('');
}

function details(one: Result): string {
  const { plugin, refused, files, bundled } = one;
  const trials: readonly (readonly [string, Trial | null])[] = [
    ['in the sandbox', one.sandbox],
    ['in mode process', one.process],
    ['over `ragv run`', one.run],
    ['with nothing granted', one.nothing],
  ];
  const facts = [
    `${plugin.kind}: ${plugin.packages.map((spec) => code(spec)).join(', ')}`,
    refused === null
      ? `${files.toLocaleString('en')} files, ${bundled === 1 ? '1 package' : `${bundled} packages`} bundled; published in ${milliseconds(one.publishMs)}, installed in ${milliseconds(one.installMs)}`
      : `refused: ${code(withoutPaths(refused), 200)}`,
    `asked: ${asked(plugin)}`,
    ...(isFine(one) ? [`answered: ${code(answer(plugin))}`] : []),
    ...(refused === null ? [`declares: ${declared(one.capabilities)}`] : []),
    ...trials.flatMap(([how, trial]) =>
      trial === null || trial.failure === null
        ? []
        : [`${how} it fails: ${code(withoutPaths(trial.failure), 200)}`],
    ),
  ];
  return `### ${plugin.name}\n\n${facts.map((fact) => wrapped(`- ${fact}`, '  ')).join('\n')}`;
}

/** Dozens of variables that some library inside looks at would hide the rest. */
function declared(words: readonly string[]): string {
  const variable = /^sees the environment variable (?<name>\S+)$/;
  const names = words.flatMap((text) => variable.exec(text)?.groups?.['name'] ?? []);
  const rest = words.filter((text) => !variable.test(text)).map((text) => plain(fewNames(text)));
  const [first, ...more] = names;
  const seen =
    first === undefined
      ? []
      : more.length === 0
        ? [`sees the environment variable ${code(first)}`]
        : [
            `sees ${names.length} environment variables (${[first, ...more]
              .slice(0, 3)
              .map((name) => code(name))
              .join(', ')}${names.length > 3 ? ', …' : ''})`,
          ];
  return [...rest, ...seen].join('; ') || 'nothing';
}

/** `offers 14 tools: …` */
function fewNames(text: string): string {
  const [what = '', list = ''] = text.split(': ');
  const names = list.split(', ');
  return names.length > 5 ? `${what}: ${names.slice(0, 4).join(', ')}, …` : shortened(text, 200);
}

function asked(plugin: RealPlugin): string {
  if (plugin.type === 'data') return code(`${plugin.file}: ${plugin.member.join('.')}`);
  const [name, params] = plugin.type === 'library' ? plugin.call : plugin.tool;
  return code(`${name === 'default' ? 'its function' : name}(${JSON.stringify(params)})`);
}

function answer(plugin: RealPlugin): string {
  return plugin.type === 'server' ? `… ${plugin.answer} …` : JSON.stringify(plugin.answer);
}

function shown(trial: Trial | null): string {
  if (trial === null) return '–';
  return trial.ms === null || trial.failure !== null ? '✗' : milliseconds(trial.ms);
}

function bareWord(trial: Trial | null): string {
  return trial === null ? '–' : trial.failure === null ? 'answers' : '✗';
}
