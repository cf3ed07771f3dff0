import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { count } from '../../count.ts';
import { capabilitiesToJson, parseCapabilities } from '../../capabilities/capabilities.ts';
import type { Mode } from '../../confine/grant.ts';
import { treeSeenAt } from '../../confine/launch.ts';
import { startConfined } from '../../confine/start.ts';
import { parseManifest, serializeManifest, type PluginManifest } from '../../formats/manifest.ts';
import { fittingTexts, textDigest, tooLong, type SignedTexts } from '../../formats/texts.ts';
import { chooseEntry, launchOf, refuseForeign, runtimeOf } from '../../host/launch.ts';
import { defaultHostLimits } from '../../host/limits.ts';
import { unpack } from '../../host/unpack.ts';
import type { Packed } from '../../pack/options.ts';
import { LoadFailureError } from '../errors.ts';
import { resolveGrant } from '../resolve-grant.ts';
import { askServer } from './ask-server.ts';
import { lastLines } from './last-lines.ts';

export interface ServerTextsOptions {
  /** Default `sandbox`: what is asked is a program of somebody else's. */
  readonly mode?: Mode | undefined;
  /** What the server is started with: `${chosen}` is a folder that is made for it, as are those that its settings ask for. */
  readonly args?: readonly string[] | undefined;
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Values of the variables that it declares; nothing of ours. */
  readonly env?: ReadonlyMap<string, string> | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a packed MCP server shows to models: it is really started, confined to what it declares, in folders that are made for
 * this and removed.
 * @throws ConfineError, LoadFailureError
 */
export async function serverTexts(
  manifest: PluginManifest,
  archive: Uint8Array,
  options: ServerTextsOptions = {},
): Promise<SignedTexts> {
  refuseForeign(manifest);
  const { mode = 'sandbox', signal } = options;
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'ragv-ask-')));
  const folder = join(work, 'plugin');
  const made = (name: string): string => {
    const path = join(work, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  try {
    await unpack(archive, manifest, folder, { limits: defaultHostLimits, signal });
    const root = treeSeenAt(mode, folder);
    const asked = [...(manifest.entry.launch?.settings ?? [])].flatMap(([name, { type, required }]) =>
      required && type === 'directory' ? [[name, [made('chosen')]] as const] : [],
    );
    const environment = Object.fromEntries(options.env ?? []);
    const settings = new Map([...asked, ...(options.settings ?? [])]);
    const capabilities = parseCapabilities(manifest.capabilities);
    const variables = new Map(capabilities.env.map((name) => [name, environment[name] ?? null]));
    const given = { variables, folders: [made('chosen')] };
    const launch = launchOf(manifest, root, { settings, given, home: made('home') });
    const { grant } = resolveGrant({
      capabilities,
      places: {
        data: () => made('data'),
        temp: made('temp'),
        project: made('project'),
        chosen: [made('chosen'), ...launch.folders],
        home: made('home'),
      },
      deny: [],
      environments: [environment],
    });
    const server = await startConfined({
      mode,
      runtime: runtimeOf(manifest),
      folder,
      entry: chooseEntry(manifest, undefined),
      args: [...launch.args, ...(options.args ?? [])].map((text) =>
        text.replaceAll('${chosen}', made('chosen')),
      ),
      grant: { ...grant, env: new Map([...grant.env, ...launch.env]) },
      files: new Map(manifest.files.map((file) => [file.path, file.sha256])),
      ...(signal === undefined ? {} : { signal }),
    });
    const secrets = [...(options.env?.values() ?? []), ...[...(options.settings?.values() ?? [])].flat()];
    const last = lastLines(server.stderr, secrets);
    try {
      const { requests } = capabilities;
      const { timeoutMs } = options;
      return await askServer(server, { requests, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    } catch (error) {
      if (!(error instanceof LoadFailureError)) throw error;
      const lines = await last();
      const wrote = lines.length === 0 ? 'it wrote no error' : `its last lines: ${lines.join(' | ')}`;
      throw new LoadFailureError(error.code, `${error.message}; ${wrote}`, { cause: error });
    } finally {
      await server.stop({ graceMs: 0 });
    }
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A packed MCP server with the texts that it shows in its manifest, unless its author has stated them. */
export async function withServerTexts(packed: Packed, options: ServerTextsOptions = {}): Promise<Packed> {
  const { manifest } = packed;
  const stated = parseCapabilities(manifest.capabilities);
  if (manifest.kind !== 'mcp' || manifest.runtime === 'none' || packed.textsStated) return packed;
  const archive = await readFile(packed.artifactFile);
  const said = await serverTexts(manifest, archive, options).catch((error: unknown) => {
    // Many want at least one folder to work in.
    if (!(error instanceof LoadFailureError) || options.args !== undefined) throw error;
    return serverTexts(manifest, archive, { ...options, args: ['${chosen}'] });
  });
  const digests = (texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...texts].map(([name, text]) => [name, textDigest(text)]));
  const capabilities = capabilitiesToJson({
    ...stated,
    tools: digests(said.tools),
    prompts: new Map([...stated.prompts, ...digests(said.prompts)]),
  });
  const prompts = new Map([...(manifest.texts?.prompts ?? []), ...said.prompts]);
  const { texts, leftOut } = fittingTexts({ tools: said.tools, prompts });
  const next = { ...manifest, capabilities, texts };
  const manifestBytes = serializeManifest(next);
  parseManifest(manifestBytes); // what no host could read is not published
  const notes = [
    ...packed.notes,
    `${count(said.tools.size, 'tool')} and ${count(said.prompts.size, 'prompt')} are signed as it describes them now`,
    ...(leftOut === 0 ? [] : [tooLong(leftOut)]),
  ];
  return { ...packed, manifest: next, manifestBytes, notes };
}
