import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { findBubblewrap } from '../../src/confine/programs.ts';
import type { ConfinedProcess, ConfineOptions } from '../../src/confine/api.ts';
import { nothingGranted, type Grant } from '../../src/confine/grant.ts';
import { startConfined } from '../../src/confine/start.ts';

export const repository = path.join(import.meta.dirname, '../../../..');

/** Whether mode `sandbox` is to be had here. Where it is not, its tests are counted as skipped, and this says so. */
export const sandboxed = await findBubblewrap().then(
  () => true,
  (error: unknown) => {
    console.error(`THE TESTS OF MODE sandbox DO NOT RUN: ${String(error)}`);
    return false;
  },
);

/** The oldest Node that plugins run on, as `npm run setup` puts it there. Where there is none, its tests are counted as skipped. */
export const node24 = ['linux-x64', 'linux-arm64', 'darwin-x64']
  .map((name) => path.join(repository, `scripts/node24/node_modules/node-${name}/bin/node`))
  .find((file) => existsSync(file));

const folders: string[] = [];
const running = new Set<ConfinedProcess>();
afterAll(async () => {
  await Promise.all([...running].map(async (one) => one.stop({ graceMs: 0 })));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function temporary(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'ragv-confine-')));
  folders.push(folder);
  return folder;
}

/** A plugin's tree with these files. */
export function tree(files: Readonly<Record<string, string>>): Pick<ConfineOptions, 'folder' | 'files'> {
  const folder = temporary();
  const digests = new Map<string, string>();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
    if (text.startsWith('#!')) chmodSync(path.join(folder, name), 0o755);
    digests.set(
      name,
      createHash('sha256')
        .update(readFileSync(path.join(folder, name)))
        .digest('hex'),
    );
  }
  return { folder, files: digests };
}

/** Answers each message with what the entry's function `call` makes of it. */
export const runner = path.join(import.meta.dirname, 'runner/main.mjs');

export async function start(
  options: Partial<ConfineOptions> & Pick<ConfineOptions, 'folder' | 'files'>,
): Promise<ConfinedProcess> {
  const entry = options.entry ?? [...options.files.keys()][0] ?? 'main.mjs';
  const plugin = await startConfined({
    mode: 'process',
    runtime: 'node',
    grant: nothingGranted,
    ...options,
    entry,
  });
  running.add(plugin);
  plugin.stderr.on('data', (data: Buffer) =>
    errors.set(plugin, (errors.get(plugin) ?? '') + data.toString('utf8')),
  );
  return plugin;
}

/** What each said on standard error. */
export const errors = new Map<ConfinedProcess, string>();

export function grant(some: Partial<Grant>): Grant {
  return { ...nothingGranted, ...some };
}

export function limited(limits: Partial<Grant['limits']>): Grant {
  return grant({ limits: { ...nothingGranted.limits, ...limits } });
}

/** All that comes out, until the end. */
export async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const piece of stream) all += piece.toString('utf8');
  return all;
}

/** One message there and one back. */
export async function ask(plugin: ConfinedProcess, value: unknown, bytes?: Uint8Array): Promise<unknown> {
  return new Promise((resolve) => {
    plugin.channel?.onMessage((message) => resolve(message.bytes ?? message.value));
    plugin.channel?.send(value, bytes);
  });
}
