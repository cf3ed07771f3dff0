/** Starts an installed plugin, asks it, and compares what it answers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { GivenGrant, Mode, Vault } from '@ragnos/plugin';
import { stdioOf } from '../demo/mcp.ts';
import type { Data, Library, RealPlugin, Server } from './plugin.ts';
import { ragvRun } from './publish.ts';

/** How it went in one mode. */
export interface Trial {
  readonly ms: number | null;
  /** `null` = it answered as it has to. */
  readonly failure: string | null;
}

export interface Conditions {
  readonly mode: Mode;
  readonly project: string;
  readonly grant?: GivenGrant;
}

/** Bounds that leave nothing of what is declared. */
export const nothing: GivenGrant = {
  capabilities: {
    'fs.read': [],
    'fs.write': [],
    'net.connect': [],
    env: [],
    exec: [],
    native: false,
    worker: false,
    eval: false,
    requests: [],
  },
};

export async function tryPlugin(vault: Vault, plugin: RealPlugin, conditions: Conditions): Promise<Trial> {
  try {
    if (plugin.type === 'library') return await callLibrary(vault, plugin, conditions);
    return plugin.type === 'server'
      ? await callServer(vault, plugin, conditions)
      : await readData(vault, plugin);
  } catch (error) {
    return { ms: null, failure: said(error) };
  }
}

async function callLibrary(vault: Vault, plugin: Library, { mode, grant }: Conditions): Promise<Trial> {
  const handle = await vault.load(`acme/${plugin.name}`, { mode, grant, restart: null });
  try {
    const answer = await handle.call(...plugin.call);
    return { ms: handle.metrics().startMs, failure: difference(answer, plugin.answer) };
  } finally {
    await handle.close();
  }
}

async function callServer(vault: Vault, plugin: Server, conditions: Conditions): Promise<Trial> {
  const { mode, grant, project } = conditions;
  const log: string[] = [];
  const transport = vault.mcp(`acme/${plugin.name}`, {
    mode,
    grant,
    args: plugin.args?.map((text) => here(text, project)),
    env: new Map(Object.entries(environment(plugin, project))),
    onLog: (line) => void log.push(line),
    onRefused: (error) => void log.push(error.message),
  });
  return converse(transport, plugin, project, log);
}

/** A server over `ragv run`. */
export async function runServer(work: string, plugin: Server, project: string): Promise<Trial> {
  const log: string[] = [];
  const args = [`acme/${plugin.name}`, ...(plugin.args ?? []).map((text) => here(text, project))];
  const env = { ...environment(plugin, project), RAGV_HOME: join(work, 'home') };
  const transport = stdioOf(ragvRun(args), { env, cwd: project, stderr: 'pipe' });
  transport.stderr?.on('data', (piece: Buffer) => void log.push(piece.toString().trim()));
  return converse(transport, plugin, project, log);
}

type Transport = Parameters<Client['connect']>[0];

async function converse(
  transport: Transport,
  plugin: Server,
  project: string,
  log: readonly string[],
): Promise<Trial> {
  const client = new Client({ name: 'real-plugins', version: '1.0.0' });
  try {
    const started = performance.now();
    await client.connect(transport);
    const ms = performance.now() - started;
    const [name, params] = plugin.tool;
    const given: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(params))
      given[key] = typeof value === 'string' ? here(value, project) : value;
    const answer = await client.callTool({ name, arguments: given });
    const text = JSON.stringify(answer).replaceAll('\\"', '"');
    return { ms, failure: text.includes(plugin.answer) ? null : `it answered ${shortened(text)}` };
  } catch (error) {
    return { ms: null, failure: [said(error), ...log.slice(-2)].join('; ') };
  } finally {
    await client.close().catch(() => undefined);
  }
}

function here(text: string, project: string): string {
  return text.replace('<project>', project);
}

function environment({ env = {} }: Server, project: string): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value, project)]));
}

/** Nothing is started: the tree is verified, and the host reads it. */
async function readData(vault: Vault, plugin: Data): Promise<Trial> {
  const started = performance.now();
  const [verified] = await vault.host.verify(`acme/${plugin.name}`);
  const installed = (await vault.host.list()).find((one) => one.plugin === plugin.name);
  if (verified?.ok !== true || installed === undefined) return { ms: null, failure: 'its tree is not whole' };
  let value: unknown = JSON.parse(await readFile(join(installed.folder, plugin.file), 'utf8'));
  for (const name of plugin.member)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return { ms: performance.now() - started, failure: difference(value, plugin.answer) };
}

/** Of an object only the members that are named are compared. */
function difference(answer: unknown, wanted: unknown): string | null {
  const isPlain = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const parts =
    isPlain(answer) && isPlain(wanted)
      ? Object.fromEntries(Object.keys(wanted).map((name) => [name, Reflect.get(answer, name)]))
      : answer;
  return isDeepStrictEqual(parts, wanted) ? null : `it answered ${shortened(JSON.stringify(answer))}`;
}

function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return shortened(`${code}${error.message}`);
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}
