/**
 * `npm run test:real-plugins [-- <name>…]`: real packages of npm as plugins, each published, installed, started confined and
 * asked. Without names all of them, and docs/real-plugins.md is written; then the other two parts: `formats` tries real
 * packages of every other format and writes what came of it into docs/formats.md, `guide` follows docs/protect-my-ai-host.md
 * and docs/migration.md word for word. Each part's name is that part alone.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCapabilities, openVault, parseCapabilities, type Vault } from '@ragnos/plugin';
import { followGuide } from './real-plugins/follow-guide.ts';
import { tryFormats } from './real-plugins/formats.ts';
import { nothing, runServer, tryPlugin } from './real-plugins/ask.ts';
import { libraries } from './real-plugins/libraries.ts';
import type { RealPlugin } from './real-plugins/plugin.ts';
import { publish, ragv } from './real-plugins/publish.ts';
import { isFine, writeReport, type Result } from './real-plugins/report.ts';
import { servers } from './real-plugins/servers.ts';
import { tools } from './real-plugins/tools.ts';

const least = 20;
/** npm waits for the network, and reading code for a processor. */
const atOnce = 3;
const all: readonly RealPlugin[] = [...servers, ...tools, ...libraries];
const parts: ReadonlySet<string> = new Set(['guide', 'formats']);
const names = process.argv.slice(2);
const unknown = names.filter((name) => !parts.has(name) && all.every((one) => one.name !== name));
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}`);
const chosen = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
const work = await mkdtemp(join(tmpdir(), 'ragv-real-'));
const project = join(work, 'project');

async function attempt(vault: Vault, plugin: RealPlugin): Promise<Result> {
  const spec = `acme/${plugin.name}`;
  const started = performance.now();
  let result: Result = {
    plugin,
    refused: null,
    files: 0,
    bundled: 0,
    capabilities: [],
    publishMs: 0,
    installMs: 0,
    sandbox: null,
    process: null,
    run: null,
    nothing: null,
  };
  try {
    await publish(work, plugin);
    const published = performance.now();
    result = { ...result, publishMs: published - started };
    await vault.host.install(spec, { grant: { granted: 'all', folders: [project], by: 'host' } });
    result = { ...result, installMs: performance.now() - published };
  } catch (error) {
    return { ...result, refused: error instanceof Error ? error.message : String(error) };
  }
  const { files, bundled, capabilities } = await vault.host.manifest(spec);
  const words = describeCapabilities(parseCapabilities(capabilities));
  const isProgram = plugin.type !== 'data';
  return {
    ...result,
    files: files.length,
    bundled: bundled.length,
    capabilities: words.map(({ text }) => text),
    sandbox: await tryPlugin(vault, plugin, { mode: 'sandbox', project }),
    process: await tryPlugin(vault, plugin, { mode: 'process', project }),
    run: plugin.type === 'server' ? await runServer(work, plugin, project) : null,
    nothing: isProgram ? await tryPlugin(vault, plugin, { mode: 'process', project, grant: nothing }) : null,
  };
}

/** A vault that the host trusts, both in `folder`, and a project. */
async function prepare(folder: string): Promise<void> {
  const at = join(folder, 'project');
  await mkdir(at, { recursive: true });
  await writeFile(join(at, 'note.txt'), 'from the project\n');
  const ada = { type: 'entity', name: 'Ada', entityType: 'person', observations: ['writes programs'] };
  for (const name of ['memory.jsonl', 'graph.jsonl'])
    await writeFile(join(at, name), `${JSON.stringify(ada)}\n`);
  await writeFile(join(folder, 'password'), 'correct horse battery staple\n', { mode: 0o600 });
  await ragv(folder, 'init', 'v', '--vendor', 'acme');
  await ragv(
    folder,
    'trust',
    'init',
    'v/public',
    '--root',
    'v/1.root.json',
    '--single-signer',
    '--alias',
    'real',
  );
}

function tell(result: Result): void {
  const { plugin, refused, files, publishMs, installMs, sandbox, process: held, run, nothing: bare } = result;
  const parts = [
    `${isFine(result) ? 'ok  ' : 'FAIL'} ${plugin.name}`,
    refused ??
      `${files} files, published in ${publishMs.toFixed(0)} ms, installed in ${installMs.toFixed(0)} ms`,
    ...[sandbox, held, run, bare].map((trial) =>
      trial === null ? '' : (trial.failure ?? `${trial.ms?.toFixed(0) ?? ''} ms`),
    ),
  ];
  console.log(parts.join(' | '));
}

let failed = false;
try {
  await prepare(work);
  const vault = await openVault({ home: join(work, 'home'), workFolder: project, recheckEveryMs: 0 });
  const found = new Map<RealPlugin, Result>();
  const waiting = chosen.values(); // shared: whoever is free takes the next
  const takeTurns = async (): Promise<void> => {
    for (const plugin of waiting) {
      const result = await attempt(vault, plugin);
      tell(result);
      found.set(plugin, result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
  const results = chosen.flatMap((plugin) => found.get(plugin) ?? []);
  await vault.close();
  const fine = results.filter(isFine).length;
  if (results.length > 0) console.log(`${fine} of ${results.length} answer in every way`);
  const asTold = results.filter((one) => isFine(one) === (one.plugin.fails === undefined)).length;
  failed = asTold < results.length || (names.length === 0 && fine < least);
  if (names.length === 0) await writeReport(results);
  if (names.length === 0 || names.includes('formats')) {
    const formats = join(work, 'formats'); // the same servers, under the same names
    await prepare(formats);
    await tryFormats(formats);
  }
  if (names.length === 0 || names.includes('guide')) {
    await followGuide('protect-my-ai-host.md');
    await followGuide('migration.md');
  }
} finally {
  await rm(work, { recursive: true, force: true, maxRetries: 5 });
}
process.exitCode = failed ? 1 : 0;
