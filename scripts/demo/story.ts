/** Scenes 1 to 4 and 6: the operator publishes real packages, a host that has only the root installs and uses them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askMcp } from './mcp.ts';
import { inherited } from './run.ts';
import { commandMain, ragv, repositoryRoot, say, scene, telling, type Stage } from './stage.ts';

/** Real public packages, in several versions each; `bundle` where production dependencies have to come along. */
const packages = [
  { sources: ['npm:marked@15.0.0', 'npm:marked@15.0.12'], bundle: false },
  { sources: ['npm:mathjs@14.0.0', 'npm:mathjs@14.9.1'], bundle: true },
  {
    sources: [
      'npm:@modelcontextprotocol/server-memory@2026.1.26',
      'npm:@modelcontextprotocol/server-memory@2026.7.4',
    ],
    bundle: true,
  },
] as const;

export async function publishEverything(stage: Stage): Promise<void> {
  const operator = { cwd: stage.dir, env: stage.operatorEnv };
  scene('1  A repository, with one command');
  await ragv(['init', 'vault', '--vendor', 'acme'], operator);

  scene('2  The author publishes: a folder of ours, and real packages of others');
  const hello = join(stage.dir, 'hello-plugin');
  await cp(join(repositoryRoot, 'examples', 'hello-plugin'), hello, { recursive: true });
  for (const version of ['1.0.0', '1.1.0']) {
    say(`hello-plugin/package.json says version ${version}:`);
    await setVersion(hello, version);
    await ragv(['publish', 'hello-plugin', '--vault', 'vault'], operator);
  }
  await ragv(['publish', packages[1].sources[0], '--vault', 'vault'], {
    ...operator,
    refused: [10, '[DEPENDENCIES_MISSING]'],
  });
  for (const { sources, bundle } of packages)
    await ragv(['publish', ...sources, ...(bundle ? ['--bundle'] : []), '--vault', 'vault'], {
      ...operator,
      show: 12,
    });
  await ragv(['status', '--vault', 'vault'], { ...operator, show: 12 });
}

export async function setVersion(folder: string, version: string): Promise<void> {
  const path = join(folder, 'package.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/"version": "[^"]+"/, `"version": "${version}"`));
}

export interface Served {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** `ragv serve` in the background; resolves when it says where it listens. */
export async function serve(stage: Stage, port = 0): Promise<Served> {
  const args = ['serve', '--vault', 'vault', '--port', String(port), '--json'];
  console.log(`$ ragv ${args.join(' ')} &`);
  const child = spawn(process.execPath, [commandMain, ...args], {
    cwd: stage.dir,
    env: { ...inherited(), ...stage.operatorEnv },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const match = /"url": "([^"]+)"/.exec(out);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once('exit', (code) => reject(new Error(`ragv serve ended with ${code}: ${said}`)));
  });
  return {
    url,
    port: Number(new URL(url).port),
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

export async function useEverything(stage: Stage, url: string): Promise<void> {
  const host = { cwd: stage.host, env: stage.hostEnv };
  const operator = { cwd: stage.dir, env: stage.operatorEnv };
  scene('4  A host, in another folder, with only the trusted root');
  await cp(join(stage.vault, '1.root.json'), join(stage.host, '1.root.json'));
  await ragv(['trust', 'init', url], { ...host, refused: [2, '[USAGE]'] });
  await ragv(['trust', 'init', url, '--root', '1.root.json', '--single-signer', '--alias', 'demo'], host);
  await ragv(['search'], host);
  await ragv(['install', 'acme/marked@15.0.0'], { ...host, refused: [10, '[CONSENT_REQUIRED]'] });
  const wanted = ['acme/hello@1.0.0', 'acme/marked@15.0.0', 'acme/mathjs@^14', 'acme/server-memory@^2026'];
  await ragv(['install', ...wanted, '--grant', 'all'], host);
  await ragv(['list'], host);
  await ragv(['run', 'acme/hello', 'Ada'], host);
  await ragv(['run', 'acme/marked'], { ...host, input: '*signed* bytes only' });
  await ragv(['run', 'acme/mathjs'], { ...host, input: 'sqrt(3^2 + 4^2)\n' });
  const memory = join(stage.dir, 'memory.jsonl');
  const done = telling('$ (the official MCP client) ragv run acme/server-memory');
  const answer = await askMcp(
    commandMain,
    ['run', 'acme/server-memory'],
    { ...stage.hostEnv, MEMORY_FILE_PATH: memory },
    stage.host,
  );
  done();
  say(
    `    initialize: ${answer.server}; tools/list: ${answer.tools.length} tools, ${answer.tools.slice(0, 3).join(', ')}, …`,
  );
  if (answer.tools.length === 0) throw new Error('the MCP server listed no tools');

  await ragv(['update'], host);
  await ragv(['rollback', 'acme/marked'], host);
  await ragv(['verify'], host);
  await ragv(['uninstall', 'acme/mathjs'], host);
  say('Another process publishes; the running server shows it on the next request:');
  await setVersion(join(stage.dir, 'hello-plugin'), '1.2.0');
  await ragv(['publish', 'hello-plugin', '--vault', 'vault'], operator);
  await ragv(['update', 'acme/hello'], host);
}

export async function takeBack(stage: Stage, url: string): Promise<void> {
  const host = { cwd: stage.host, env: stage.hostEnv };
  const operator = { cwd: stage.dir, env: stage.operatorEnv };
  scene('6  A version is taken back');
  await ragv(
    ['yank', 'acme/hello@1.2.0', '--reason', 'greets the wrong people', '--vault', 'vault'],
    operator,
  );
  await ragv(['status'], { ...host, refused: [10, 'YANKED'] });
  say('A host that does not have it yet:');
  const second = {
    cwd: join(stage.dir, 'second-host'),
    env: { RAGV_HOME: join(stage.dir, 'second-host', 'home') },
  };
  await mkdir(second.cwd);
  await ragv(['trust', 'init', url, '--root', join(stage.vault, '1.root.json'), '--single-signer'], second);
  await ragv(['install', 'acme/hello@1.2.0'], { ...second, refused: [10, '[YANKED]'] });
  await ragv(['rollback', 'acme/hello'], host);
  await ragv(['log', '--last', '5'], host);
}
