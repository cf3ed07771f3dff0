import type { PluginManifest } from '../formats/manifest.ts';
import type { RunOptions, RunResult } from './api.ts';
import { refuseRevoked } from './change.ts';
import type { Context } from './context.ts';
import { HostNotFoundError } from './errors.ts';
import { verifyEvidence } from './evidence.ts';
import { commandOf, refuseForeign, type Command } from './launch.ts';
import { pluginPaths } from './paths.ts';
import type { Pointer } from './pointer.ts';
import { treeFolder } from './pointer.ts';
import { compareTree } from './tree.ts';
import { repairTree, treeChanged } from './verify.ts';

/** What a plugin may see of our environment: how to speak to a terminal, nothing that could be a secret. */
const passed = [
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TERM',
  'NO_COLOR',
  'FORCE_COLOR',
  'COLUMNS',
  'LINES',
  'SystemRoot',
];
const forwarded = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** Verifies chain and tree, then starts the plugin in a process of its own. It is not confined yet. */
export async function runPlugin(
  context: Context,
  pointer: Pointer,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const { vendor, plugin, version } = pointer;
  const name = `${vendor}/${plugin}@${version}`;
  await refuseRevoked(context, name, pointer);
  const manifest = await verifyEvidence(context, pointer, pointer);
  const folder = treeFolder(pluginPaths(context.paths, vendor, plugin), pointer);
  refuseForeign(manifest);
  const command = commandOf(manifest, folder, chooseEntry(manifest, options.bin), {
    settings: options.settings,
    environment: process.env,
  });
  const findings = await compareTree(folder, manifest.files, { signal: options.signal });
  if (findings.length > 0) {
    if (options.repair !== true) throw treeChanged(name, findings.length);
    context.events.refusal(treeChanged(name, findings.length), name);
    await repairTree(context, pointer, manifest, options.signal);
    const left = await compareTree(folder, manifest.files, { signal: options.signal });
    if (left.length > 0) throw treeChanged(name, left.length);
  }
  options.onStart?.({ version, folder, confined: false });
  return await start(folder, command, args, options);
}

/** The command named, else the one called like the plugin, else the only one, else `main`. @throws NO_SUCH_COMMAND */
export function chooseEntry({ vendor, plugin, entry }: PluginManifest, bin: string | undefined): string {
  const only = entry.bin.size === 1 ? [...entry.bin.values()][0] : undefined;
  const chosen =
    bin === undefined ? (entry.bin.get(plugin) ?? only ?? entry.main ?? undefined) : entry.bin.get(bin);
  if (chosen !== undefined) return chosen;
  const commands = [...entry.bin.keys()].join(', ');
  throw new HostNotFoundError(
    'NO_SUCH_COMMAND',
    bin === undefined
      ? `${vendor}/${plugin} has several commands`
      : `${vendor}/${plugin} has no command ${bin}`,
    {
      hint:
        commands === '' ? 'it is a library, there is nothing to run' : `choose one with --bin: ${commands}`,
    },
  );
}

function environment(folder: string, more: RunOptions['env']): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { RAGV_PLUGIN_ROOT: folder };
  for (const name of passed) if (process.env[name] !== undefined) env[name] = process.env[name];
  for (const [name, value] of more ?? []) env[name] = value;
  return env;
}

function start(
  folder: string,
  { command, args: own, env }: Command,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const piped = options.stdio === 'pipe';
  const { spawn } = process.getBuiltinModule('node:child_process'); // 5 ms that only `run` needs
  const child = spawn(command, [...own, ...args], {
    stdio: piped ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    env: environment(folder, new Map([...env, ...(options.env ?? [])])),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const forward = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' && process.stdin.isTTY) return; // the terminal told the child too
    child.kill(signal); // and live on until it has ended: its exit code is ours to report
  };
  if (!piped) for (const signal of forwarded) process.on(signal, forward);
  return new Promise<RunResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) =>
      resolve({
        exitCode,
        signal,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      }),
    );
  }).finally(() => {
    for (const signal of forwarded) process.off(signal, forward);
  });
}
