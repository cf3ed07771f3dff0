/**
 * Real packages of every format through the real command: fetched from npm and PyPI, published, installed, verified, run or
 * handed over. Needs a network, Python with pip, and some minutes: node --conditions=@ragnos/source scripts/real-formats.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, parseJson } from '@ragnos/tuf';

const servers = ['server-memory', 'server-filesystem', 'server-everything'];
const wheels = ['six==1.17.0', 'attrs==24.3.0', 'httpie==3.2.4', 'markupsafe==3.0.2'];
/** Its package carries the extension as it is published; the others are an extension's sources. */
const carrier = '@sap/vscode-cds@10.1.0';
const extensions = ['@theia/vscode-builtin-git', '@theia/vscode-builtin-java'];
const packers = ['@anthropic-ai/mcpb@2', '@vscode/vsce@3'];

const work = await mkdtemp(join(tmpdir(), 'ragv-formats-'));
const tools = join(work, 'tools');
const given = join(work, 'given');
const main = join(import.meta.dirname, '..', 'packages', 'cli', 'src', 'main.ts');
const env: NodeJS.ProcessEnv = { ...process.env, RAGV_HOME: join(work, 'home') };

async function run(cwd: string, program: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => err.push(part));
  child.stdin.on('error', () => undefined);
  child.stdin.write(input);
  if (input === '') child.stdin.end();
  else setTimeout(() => child.stdin.end(), 3000); // servers end with their input
  await once(child, 'close');
  if (child.exitCode !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit ${child.exitCode}\n${Buffer.concat(err).toString()}`);
  return Buffer.concat(out).toString();
}

const ragv = (line: string, input = ''): Promise<string> =>
  run(work, process.execPath, ['--conditions=@ragnos/source', main, ...line.split(' ')], input);
const npm = (cwd: string, ...args: readonly string[]): Promise<string> => run(cwd, 'npm', args);
const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev'];

async function folder(name: string, json: object = { private: true }): Promise<string> {
  const at = join(work, name);
  await mkdir(at, { recursive: true });
  await writeFile(join(at, 'package.json'), JSON.stringify(json));
  return at;
}

/** An MCP server of npm as a bundle, by the packer of the bundles' makers. */
async function makeBundle(name: string): Promise<string> {
  const at = await folder(name, { private: true, type: 'module' });
  await npm(at, ...install, `@modelcontextprotocol/${name}`);
  const inside = `node_modules/@modelcontextprotocol/${name}`;
  const version = await field(join(at, inside, 'package.json'), 'version');
  const entry = `${inside}/dist/index.js`;
  const folders = name === 'server-filesystem';
  const manifest = {
    manifest_version: '0.3',
    name,
    version,
    description: `the reference ${name}`,
    author: { name: 'Model Context Protocol' },
    server: {
      type: 'node',
      entry_point: entry,
      mcp_config: {
        command: 'node',
        args: [`\${__dirname}/${entry}`, ...(folders ? ['${user_config.folders}'] : [])],
      },
    },
    ...(folders
      ? {
          user_config: {
            folders: {
              type: 'directory',
              title: 'Folders',
              description: 'd',
              multiple: true,
              required: true,
            },
          },
        }
      : {}),
  };
  await writeFile(join(at, 'manifest.json'), JSON.stringify(manifest));
  const file = join(given, `${name}.mcpb`);
  await run(at, join(tools, 'node_modules', '.bin', 'mcpb'), ['pack', '.', file]);
  return file;
}

async function unpacked(name: string): Promise<string> {
  const at = await folder(name.replaceAll(/\W/g, '-'));
  const archive = (await npm(at, 'pack', name, '--silent')).trim();
  await run(at, 'tar', ['xzf', archive]);
  return join(at, 'package');
}

/** Sources of an extension, by the editor's own packer. Editors' names have no scope. */
async function makeExtension(name: string): Promise<string> {
  const at = await unpacked(name);
  const json = parseJson(await readFile(join(at, 'package.json')), name);
  const own = { ...(isJsonObject(json) ? json : {}), name: name.replace(/^.*\//, ''), publisher: 'theia' };
  await writeFile(join(at, 'package.json'), JSON.stringify({ ...own, scripts: {}, repository: undefined }));
  const file = join(given, `${own.name}.vsix`);
  const flags = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', file];
  await run(at, join(tools, 'node_modules', '.bin', 'vsce'), ['package', ...flags]);
  return file;
}

async function field(file: string, name: string): Promise<string> {
  const json = parseJson(await readFile(file), file);
  const value = isJsonObject(json) ? json[name] : undefined;
  return typeof value === 'string' ? value : '';
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const hello = `${[
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}',
  '{"jsonrpc":"2.0","method":"notifications/initialized"}',
  '{"jsonrpc":"2.0","id":2,"method":"tools/list"}',
].join('\n')}\n`;

try {
  await mkdir(given);
  await folder('tools');
  await npm(tools, ...install, ...packers);
  const files: string[] = [];
  for (const name of servers) files.push(await makeBundle(name));
  for (const name of extensions) files.push(await makeExtension(name));
  const carried = await unpacked(carrier);
  for (const name of await readdir(carried)) if (name.endsWith('.vsix')) files.push(join(carried, name));
  await run(given, 'python3', ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', ...wheels]);
  for (const name of await readdir(given)) if (name.endsWith('.whl')) files.push(join(given, name));

  await writeFile(join(work, 'password'), 'correct horse battery staple\n', { mode: 0o600 });
  await ragv('init v --vendor acme --password-file password');
  say(await ragv(`publish ${files.join(' ')} --vault v --password-file password`));
  await ragv('trust init v/public --root v/1.root.json --single-signer --alias real');
  const found = await readdir(join(work, 'v', 'public', 'targets', 'vendors', 'acme'));
  say(await ragv(`install ${found.map((name) => `acme/${name}`).join(' ')} --grant all`));
  say(await ragv('verify'));

  await writeFile(join(work, 'settings.json'), JSON.stringify({ folders: [work] }));
  for (const name of servers) {
    const settings = name === 'server-filesystem' ? ' --settings settings.json' : '';
    const answer = await ragv(`run${settings} acme/${name}`, hello);
    const tools = /"id":2/.test(answer) ? [...answer.matchAll(/"inputSchema"/g)].length : 0;
    if (tools === 0) throw new Error(`${name} does not answer`);
    say(`acme/${name} answers: ${tools} tools`);
  }
  await run(work, 'python3', ['-m', 'venv', 'venv']);
  const python = join(work, 'venv', 'bin', 'python');
  say(await ragv(`pip install acme/six acme/attrs acme/httpie acme/markupsafe --python ${python}`));
  say(await run(work, python, ['-c', 'import six, attr, markupsafe._speedups; print("imported")']));
} finally {
  await rm(work, { recursive: true, force: true });
}
