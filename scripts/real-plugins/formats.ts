/** Real packages of every format through the real command; what came of it stands in docs/formats.md. */
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { isJsonObject, parseJson, type JsonValue } from '@ragnos/tuf';
import { stdioOf } from '../demo/mcp.ts';
import { inherited } from '../demo/run.ts';
import { repositoryRoot } from '../demo/stage.ts';
import { code, milliseconds, shortened, table } from './markdown.ts';
import { makePackages, type RealPackage } from './packages.ts';
import { ragv, ragvRun } from './publish.ts';

interface Tried {
  readonly given: RealPackage;
  readonly publishMs: number;
  readonly installMs: number;
  readonly size: string;
  readonly outcome: string;
}

const run = promisify(execFile);
/** The whole, a slow registry and two busy processors included. */
const timeoutMs = 600_000;

/**
 * In `work`, where a vault `v` is and the host trusts it. Writes the page, unless a package is not published, installed, whole
 * and usable. @throws with all that failed
 */
export async function tryFormats(work: string): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  const started = performance.now();
  const packages = await makePackages(work, signal);
  console.log(`${packages.length} packages made in ${milliseconds(performance.now() - started)}`);
  const python = await environment(work);
  const tried: Tried[] = [];
  const failed: string[] = [];
  const waiting = packages.values(); // shared: whoever is free takes the next
  const takeTurns = async (): Promise<void> => {
    for (const given of waiting) {
      signal.throwIfAborted();
      const about = `${given.name} | ${given.format}`;
      try {
        const one = await attempt(work, given, python);
        const times = `published in ${milliseconds(one.publishMs)}, installed in ${milliseconds(one.installMs)}`;
        console.log(`ok   ${about} | ${one.size}, ${times} | ${one.outcome}`);
        tried.push(one);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        console.log(`FAIL ${about} | ${why}`);
        failed.push(`${given.name}: ${why}`);
      }
    }
  };
  await Promise.all([takeTurns(), takeTurns()]);
  await ragv(work, 'verify');
  const took = performance.now() - started;
  console.log(`${tried.length} of ${packages.length} packages of every format, in ${milliseconds(took)}`);
  if (failed.length > 0) throw new Error(failed.join('\n'));
  await writeFormats(packages.flatMap((given) => tried.find((one) => one.given === given) ?? []));
}

async function attempt(work: string, given: RealPackage, python: string): Promise<Tried> {
  const started = performance.now();
  await ragv(work, 'publish', given.path, '--name', given.name, '--vault', 'v');
  const published = performance.now();
  const version = given.version === undefined ? '' : `@${given.version}`;
  await ragv(work, 'install', `acme/${given.name}${version}`, '--grant', 'all');
  const installMs = performance.now() - published;
  const isFile = (await stat(given.path)).isFile();
  return {
    given,
    publishMs: published - started,
    installMs,
    size: isFile ? bytes((await stat(given.path)).size) : 'folder',
    outcome: await use(work, given, python),
  };
}

async function use(work: string, given: RealPackage, python: string): Promise<string> {
  if (given.format === 'MCP bundle') return askBundle(work, given);
  if (given.format === 'Python wheel') return importWheel(work, given, python);
  if (given.format === 'VS Code extension') {
    const to = join(work, 'handed', given.name);
    await ragv(work, 'artifact', `acme/${given.name}`, '--output', to);
    const [file = ''] = (await run('ls', [to])).stdout.split('\n');
    const same = Buffer.compare(await readFile(join(to, file)), await readFile(given.path)) === 0;
    if (!same) throw new Error(`${given.name}: ragv artifact wrote something else than was published`);
    return `\`ragv artifact\` writes the same bytes`;
  }
  return claudeFolder(work, given);
}

/** As an AI host starts it, through the official client. */
async function askBundle(work: string, { name }: RealPackage): Promise<string> {
  const settings = join(work, 'settings.json');
  await writeFile(settings, JSON.stringify({ folders: [join(work, 'project')] }));
  const needed = name === 'server-filesystem' ? ['--settings', settings] : [];
  const transport = stdioOf(ragvRun([...needed, `acme/${name}`]), {
    env: { RAGV_HOME: join(work, 'home') },
    cwd: join(work, 'project'),
    stderr: 'ignore',
  });
  const client = new Client({ name: 'real-formats', version: '1.0.0' });
  try {
    await client.connect(transport);
    const { tools } = await client.listTools();
    if (tools.length === 0) throw new Error(`${name} shows no tool`);
    if (name !== 'server-filesystem') return `answers over \`ragv run\`: ${tools.length} tools`;
    const path = join(work, 'project', 'note.txt');
    const answer = await client.callTool({ name: 'read_text_file', arguments: { path } });
    if (!JSON.stringify(answer).includes('from the project'))
      throw new Error(`${name} answered ${shortened(JSON.stringify(answer), 200)}`);
    return `answers over \`ragv run\`: ${tools.length} tools; reads in the folder of its setting`;
  } finally {
    await client.close();
  }
}

async function environment(work: string): Promise<string> {
  await run('python3', ['-m', 'venv', join(work, 'venv')]);
  return join(work, 'venv', 'bin', 'python');
}

const modules = new Map([
  ['six', 'six'],
  ['attrs', 'attr'],
  ['httpie', 'httpie'],
  ['markupsafe', 'markupsafe._speedups'],
]);

async function importWheel(work: string, { name }: RealPackage, python: string): Promise<string> {
  await ragv(work, 'pip', 'install', `acme/${name}`, '--python', python);
  const module = modules.get(name) ?? name;
  await run(python, ['-c', `import ${module}`], { env: inherited() });
  return `\`ragv pip install\`, then ${code(`import ${module}`)}`;
}

/** Where Claude Code is pointed to, with its own manifest in it. */
async function claudeFolder(work: string, { name }: RealPackage): Promise<string> {
  const listed = parseJson(Buffer.from(await ragv(work, 'list', '--json')), 'ragv list');
  const plugins = isJsonObject(listed) && Array.isArray(listed['plugins']) ? listed['plugins'] : [];
  const folders = plugins.flatMap((one: JsonValue) =>
    isJsonObject(one) && one['plugin'] === name && typeof one['folder'] === 'string' ? one['folder'] : [],
  );
  const file = join(folders[0] ?? work, '.claude-plugin', 'plugin.json');
  const manifest = parseJson(await readFile(file), name);
  if (!isJsonObject(manifest) || typeof manifest['name'] !== 'string')
    throw new Error(`${name}: its plugin.json does not name it`);
  return 'the folder that `ragv list --json` names is a plugin of Claude’s';
}

async function writeFormats(tried: readonly Tried[]): Promise<void> {
  const path = join(repositoryRoot, 'docs', 'formats.md');
  const page = await readFile(path, 'utf8');
  const [before, rest] = page.split('<!-- tried -->\n');
  const [, after] = rest?.split('<!-- end -->') ?? [];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for the results`);
  const rows = tried.map((one) => [
    one.given.name,
    one.given.format,
    code(one.given.source),
    one.size,
    one.outcome,
  ]);
  const text = table(['package', 'format', 'from', 'size', 'and then'], rows);
  await writeFile(path, `${before}<!-- tried -->\n\n${text}\n\n<!-- end -->${after}`);
}

function bytes(size: number): string {
  return size < 950_000 ? `${(size / 1000).toFixed(0)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}
