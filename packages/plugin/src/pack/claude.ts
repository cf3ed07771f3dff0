import { isJsonObject, type JsonObject, type JsonValue } from '@ragnos/tuf';
import { hash } from 'node:crypto';
import { isEnvName } from '../capabilities/capabilities.ts';
import { formatEndpoint, parseEndpoint } from '../capabilities/endpoint.ts';
import type { FileToPack } from '../archive/tar-writer.ts';
import { PackError } from '../errors.ts';
import { member, oneLine } from './loose.ts';
import { looseJson, readPackageJson, type PackageJson } from './package-json.ts';

type Files = readonly Pick<FileToPack, 'path' | 'body'>[];

const manifestPath = '.claude-plugin/plugin.json';

/** What a plugin folder for Claude adds to what a package.json says. */
export interface ClaudePlugin {
  readonly capabilities: JsonObject;
  readonly offers: ReadonlyMap<string, readonly string[]>;
  readonly notes: readonly string[];
}

export function isClaudePlugin(files: Files): boolean {
  return files.some(({ path }) => path === manifestPath);
}

/** Name, version and description of `.claude-plugin/plugin.json`, for a folder without package.json. @throws PackError */
export function claudePackage(files: Files, what: string): PackageJson {
  const json = manifestOf(files);
  if (typeof json['version'] !== 'string')
    throw new PackError('PACKAGE_MANIFEST', `${what}: ${manifestPath} has no "version"`, {
      hint: 'hosts install a version and roll back to one: write "version": "1.0.0"',
    });
  const { name, version, description, keywords } = json;
  const plain = Object.entries({ name, version, description, keywords }).filter(
    ([, value]) => value !== undefined,
  );
  return readPackageJson(
    Buffer.from(JSON.stringify(Object.fromEntries(plain))),
    `${manifestPath} of ${what}`,
  );
}

/**
 * What a Claude plugin has and starts. A hook is a line for a shell, which can start anything: it asks for every program.
 * A server asks for the program that it is started by; what `npx` or `uvx` fetch then is not signed, and that is said.
 *
 * @throws PackError `PACKAGE_MANIFEST`
 */
export function readClaudePlugin(files: Files): ClaudePlugin {
  const json = manifestOf(files);
  const hooks = hookLines(partOf(files, json, 'hooks', 'hooks/hooks.json'));
  const servers = serversOf(partOf(files, json, 'mcpServers', '.mcp.json'));
  const offers: readonly (readonly [string, readonly string[]])[] = [
    ['agents', namesIn(files, /^agents\/(.+)\.md$/)],
    ['commands', namesIn(files, /^commands\/(.+)\.md$/)],
    ['hooks', hooks],
    ['servers', servers.map(({ shown }) => shown)],
    ['skills', namesIn(files, /^skills\/([^/]+)\/SKILL\.md$/)],
  ];
  const exec = hooks.length > 0 ? ['*'] : [...new Set(servers.flatMap(({ program }) => program ?? []))];
  const connect = [...new Set(servers.flatMap(({ endpoint }) => endpoint ?? []))];
  const env = [...new Set(servers.flatMap((server) => server.env))];
  const fetching = servers.filter(({ fetches }) => fetches).map(({ shown }) => shown);
  return {
    offers: new Map(offers.filter(([, list]) => list.length > 0)),
    capabilities: {
      ...(exec.length === 0 ? {} : { exec }),
      ...(connect.length === 0 ? {} : { 'net.connect': connect }),
      ...(env.length === 0 ? {} : { env }),
    },
    notes: [
      ...hooks.map((hook) => `its hook runs in a shell, unconfined: ${hook}`),
      ...fetching.map((server) => `its server fetches code that nobody signed when it starts: ${server}`),
    ],
  };
}

function manifestOf(files: Files): JsonObject {
  const body = files.find(({ path }) => path === manifestPath)?.body;
  return readJson(body ?? Buffer.from('{}'), manifestPath);
}

/** Given in the manifest itself, in files that it names, or where Claude looks by itself. */
function partOf(files: Files, json: JsonObject, name: string, usual: string): readonly JsonObject[] {
  const given = json[name];
  const list: readonly (JsonValue | undefined)[] = Array.isArray(given) ? given : [given];
  const found: JsonObject[] = [];
  const paths = new Set([usual]);
  for (const item of list)
    if (typeof item === 'string') paths.add(item.replace(/^(?:\$\{CLAUDE_PLUGIN_ROOT\}\/|\.\/)+/, ''));
    else if (isJsonObject(item)) found.push(item);
  for (const path of paths) {
    const body = files.find((file) => file.path === path)?.body;
    if (body !== undefined) found.push(readJson(body, path));
    else if (path !== usual)
      throw new PackError(
        'PACKAGE_MANIFEST',
        `${manifestPath}: "${name}" names ${path.slice(0, 100)}, which is no file of it`,
      );
  }
  return found;
}

function readJson(bytes: Uint8Array, what: string): JsonObject {
  try {
    return looseJson(bytes, what);
  } catch (cause) {
    throw new PackError('PACKAGE_MANIFEST', `${what} is not a JSON object`, { cause });
  }
}

/** `PreToolUse Bash: command`, a line for each. */
function hookLines(parts: readonly JsonObject[]): readonly string[] {
  const found: string[] = [];
  for (const part of parts)
    for (const [event, groups] of Object.entries(isJsonObject(part['hooks']) ? part['hooks'] : part))
      for (const group of objects(groups))
        for (const hook of objects(group['hooks'])) {
          const matcher = typeof group['matcher'] === 'string' ? ` ${group['matcher']}` : '';
          const what = hook['command'] ?? hook['prompt'] ?? hook['url'] ?? hook['type'] ?? '';
          found.push(shownLine(`${event}${matcher}: ${textOf(what)}`));
        }
  return found.slice(0, 1000);
}

interface DeclaredServer {
  readonly shown: string;
  readonly program: string | null;
  readonly endpoint: string | null;
  readonly env: readonly string[];
  readonly fetches: boolean;
}

const fetchers: ReadonlySet<string> = new Set([
  'npx',
  'bunx',
  'pnpx',
  'uvx',
  'uv',
  'pipx',
  'docker',
  'podman',
  'deno',
]);

function serversOf(parts: readonly JsonObject[]): readonly DeclaredServer[] {
  return parts.flatMap((part) =>
    Object.entries(isJsonObject(part['mcpServers']) ? part['mcpServers'] : part).flatMap(([name, server]) =>
      isJsonObject(server) ? [declared(name, server)] : [],
    ),
  );
}

function declared(name: string, server: JsonObject): DeclaredServer {
  // What it is told apart by is all of it, as it stands there.
  const [command, url] = [textOf(server['command'] ?? ''), textOf(server['url'] ?? '')];
  const args = Array.isArray(server['args']) ? server['args'].map(textOf) : [];
  const templates = [
    command,
    url,
    ...args,
    ...Object.values({ ...member(server, 'env'), ...member(server, 'headers') }).map(textOf),
  ];
  const variables = templates.flatMap((text) =>
    [...text.matchAll(/\$\{([A-Za-z_]\w*)(?::-[^}]*)?\}/g)].map((match) => match[1] ?? ''),
  );
  const set = Object.entries(member(server, 'env')).map(([variable, text]) => `${variable}=${textOf(text)}`);
  const base = command.replace(/^.*[/\\]/, '');
  return {
    shown: shownLine(`${name}: ${url === '' ? [...set, command, ...args].join(' ') : url}`),
    program: command === '' ? null : /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$/.test(command) ? command : '*',
    endpoint: endpointOf(url),
    env: variables.filter((variable) => isEnvName(variable) && variable !== 'CLAUDE_PLUGIN_ROOT'),
    fetches: fetchers.has(base.replace(/\.(?:exe|cmd)$/, '')),
  };
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What is too long to be shown is told apart by its digest: an update that changes its end changes the line. */
function shownLine(text: string): string {
  const line = oneLine(text, 500);
  if (line === text) return line;
  const digest = hash('sha256', text.toWellFormed(), 'hex').slice(0, 16);
  return `${line.slice(0, 470).toWellFormed()} … (sha256 ${digest})`;
}

function endpointOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { hostname, port, protocol } = new URL(url);
  const endpoint = parseEndpoint(`${hostname}:${port === '' ? (protocol === 'http:' ? '80' : '443') : port}`);
  return endpoint === null ? null : formatEndpoint(endpoint);
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item: JsonValue) => isJsonObject(item)) : [];
}

function namesIn(files: Files, pattern: RegExp): readonly string[] {
  return files
    .flatMap(({ path }) => pattern.exec(path)?.[1] ?? [])
    .toSorted()
    .slice(0, 1000);
}
