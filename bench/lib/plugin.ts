/** A repository of one generated plugin, published by the real command, and a host that trusts it. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { program as pathOf, ragvMain } from './packages.ts';

const run = promisify(execFile);

export interface PluginRepository {
  readonly url: string;
  readonly rootFile: string;
  readonly archive: string;
  readonly spec: string;
}

/** Publishes `files` files of `size` bytes each, half text and half noise, as real packages are; `main` is its module. */
export async function publishGenerated(
  work: string,
  files: number,
  size: number,
  main = '',
): Promise<PluginRepository> {
  const source = join(work, 'generated');
  await mkdir(join(source, 'lib'), { recursive: true });
  await writeFile(
    join(source, 'package.json'),
    JSON.stringify({ name: 'generated', version: '1.0.0', main: 'lib/0.js' }),
  );
  if (main !== '')
    await writeFile(
      join(source, 'ragv.json'),
      JSON.stringify({ capabilities: { limits: { callsPerMinute: 100_000 } } }),
    );
  const noise = Math.floor(size / 8);
  for (let index = 0; index < files - 1; index++) {
    const folder = join(source, 'lib', String(index % 20));
    await mkdir(folder, { recursive: true });
    const text = `// file ${index}\n${'"a line of plain text";\n'.repeat(Math.floor((size - noise * 2) / 24))}`;
    await writeFile(join(folder, `${index}.js`), `${text}//${randomBytes(noise).toString('hex')}`);
  }
  await writeFile(join(source, 'lib', '0.js'), main);
  const vault = join(work, 'vault');
  const env = { ...process.env, RAGV_KEY_PASSWORD: randomBytes(12).toString('hex') };
  const ragv = async (...args: string[]): Promise<unknown> =>
    run(process.execPath, [ragvMain, ...args], { env, cwd: work });
  await ragv('init', vault, '--vendor', 'acme');
  await ragv('publish', source, '--vault', vault);
  await ragv('pack', source, '--vendor', 'acme', '--output', work);
  return {
    url: pathToFileURL(`${join(vault, 'public')}/`).href,
    rootFile: join(vault, '1.root.json'),
    archive: join(work, 'generated-1.0.0.tgz'),
    spec: 'acme/generated',
  };
}

/** Runs a program of ours that prints a list of milliseconds. */
export async function timesOf(program: string, args: readonly string[]): Promise<readonly number[]> {
  const { stdout } = await run(process.execPath, [pathOf(program), ...args], { maxBuffer: 1 << 20 });
  const list: unknown = JSON.parse(stdout);
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'number'))
    throw new Error(`${program} printed no times`);
  return list;
}
