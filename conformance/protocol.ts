import { holdsTarget, Updater } from '@ragnos/client';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { showTrusted } from './view.ts';

const usage = `usage: client --metadata-dir D init ROOT
       client --metadata-url U --metadata-dir D refresh
       client --metadata-url U --metadata-dir D --target-name P … --target-dir T --target-base-url B download`;

/** A command line that is none: the usage follows. */
class UsageError extends Error {}

/** In the metadata folder, whose `.json` files are the suite's view: the client's own folder, and the root it was given. */
function storeOf(metadataDir: string): string {
  return join(metadataDir, '.trusted');
}

function givenRootOf(metadataDir: string): string {
  return join(metadataDir, '.given-root');
}

const options = {
  'metadata-dir': { type: 'string' },
  'metadata-url': { type: 'string' },
  'target-name': { type: 'string', multiple: true },
  'target-dir': { type: 'string' },
  'target-base-url': { type: 'string' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'not understood', { cause: error });
  }
}

function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new UsageError(`${what} is missing`);
  return value;
}

/** A root that does not verify by itself is not kept. Nobody is asked, and no URL is known yet. */
async function init(metadataDir: string, rootFile: string): Promise<void> {
  const root = await readFile(rootFile);
  await Updater.open({ dir: storeOf(metadataDir), baseUrl: 'https://nobody.invalid/', root });
  await writeFile(givenRootOf(metadataDir), root);
  await copyFile(givenRootOf(metadataDir), join(metadataDir, 'root.json'));
}

/** Given again each time, as a host does that has its root built in. */
async function open(metadataDir: string, metadataUrl: string, targetsUrl?: string): Promise<Updater> {
  const root = await readFile(givenRootOf(metadataDir));
  return Updater.open({ dir: storeOf(metadataDir), baseUrl: metadataUrl, metadataUrl, targetsUrl, root });
}

/** One name after the other with one updater, up to the first that fails; one that is here already is not fetched. */
async function download(updater: Updater, names: readonly string[], dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const name of names) {
    const info = await updater.find(name);
    if (info === null) throw new Error(`${name}: no role that may list it does`);
    const file = join(dir, encodeURIComponent(info.path)); // one flat file for any path, the same one each time
    if (!(await holdsTarget(file, info))) await updater.download(info, file);
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [command, ...rest] = positionals;
  const metadataDir = given(values['metadata-dir'], '--metadata-dir');
  const extra = command === 'init' ? rest.slice(1) : rest;
  if (extra.length > 0) throw new UsageError(`unexpected ${extra.join(' ')}`);
  try {
    if (command === 'init') {
      await init(metadataDir, given(rest[0], 'the trusted root'));
      return;
    }
    const metadataUrl = given(values['metadata-url'], '--metadata-url');
    if (command === 'refresh') {
      await (await open(metadataDir, metadataUrl)).refresh();
      return;
    }
    if (command !== 'download') throw new UsageError(`${command ?? 'the command'} is not one of ours`);
    const names = given(values['target-name'], '--target-name');
    const dir = given(values['target-dir'], '--target-dir');
    const updater = await open(
      metadataDir,
      metadataUrl,
      given(values['target-base-url'], '--target-base-url'),
    );
    await updater.refresh();
    await download(updater, names, dir);
  } finally {
    await showTrusted(storeOf(metadataDir), metadataDir); // after a failure too: what was verified before it is trusted
  }
}

/** One command of the protocol; returns the exit code, 0 or 1 and no other. `say` gets what went wrong, never the answer. */
export async function main(args: readonly string[], say: (line: string) => void): Promise<0 | 1> {
  try {
    await run(args);
    return 0;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` [${String(error.code)}]` : '';
    say(`error: ${error instanceof Error ? error.message : String(error)}${code}`);
    if (error instanceof UsageError) say(usage);
    return 1;
  }
}
