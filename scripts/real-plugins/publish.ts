/** Makes real packages plugins of a vault, by the real command. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runMain } from '../demo/run.ts';
import { repositoryRoot } from '../demo/stage.ts';
import type { RealPlugin } from './plugin.ts';

const main = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts');
const node = ['--conditions=@ragnos/source'];

/** @throws with what the command said on stderr */
export async function ragv(work: string, ...args: readonly string[]): Promise<string> {
  const env = { RAGV_HOME: join(work, 'home'), RAGV_KEY_PASSWORD_FILE: join(work, 'password') };
  const { exit, stdout, stderr } = await runMain(main, args, { cwd: work, env, node });
  if (exit === 0) return stdout;
  const lines = stderr.split('\n');
  throw new Error(lines.find((line) => line.startsWith('error: '))?.slice(7) ?? lines.join(' '));
}

/** What Node is told, by an AI host's configuration, in the place of `npx`. */
export function ragvRun(args: readonly string[]): readonly string[] {
  return [...node, main, 'run', ...args];
}

export async function publish(work: string, plugin: RealPlugin): Promise<void> {
  const { name, packages } = plugin;
  const target = plugin.target === undefined ? [] : ['--target', plugin.target];
  if (plugin.type !== 'library' || plugin.adapter === undefined) {
    await ragv(work, 'publish', `npm:${packages[0]}`, '--bundle', '--name', name, ...target, '--vault', 'v');
    return;
  }
  const folder = join(work, 'adapters', name);
  await mkdir(folder, { recursive: true });
  const dependencies: Record<string, string> = {};
  for (const spec of packages) dependencies[spec.slice(0, spec.lastIndexOf('@'))] = versionOf(spec);
  const json = {
    name,
    version: versionOf(packages[0]),
    type: 'module',
    main: 'index.js',
    dependencies,
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(json));
  await writeFile(join(folder, 'index.js'), plugin.adapter);
  await ragv(work, 'publish', folder, ...target, '--vault', 'v');
}

export function versionOf(spec: string): string {
  return spec.slice(spec.lastIndexOf('@') + 1);
}
