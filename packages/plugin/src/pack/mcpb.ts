import { isJsonObject, type JsonObject, type JsonValue } from '@ragnos/tuf';
import type { ArchiveEntry } from '../archive/tar-reader.ts';
import { PackError } from '../errors.ts';
import {
  settingVariable,
  templateProblem,
  variablesOf,
  type Launch,
  type Setting,
} from '../formats/launch.ts';
import type { Runtime } from '../formats/manifest.ts';
import { filePath, type FilePath } from '../names.ts';
import { lines, member, texts } from './loose.ts';
import { looseJson } from './package-json.ts';
import type { Described, DescribeOptions } from './published-as-is.ts';

type Files = readonly Pick<ArchiveEntry, 'path' | 'mode' | 'body'>[];

const oneSystem = /^(?:linux|darwin|win32)-(?:x64|arm64)(?:-(?:glibc|musl))?$/;

interface Started {
  readonly entry: FilePath;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

/** `manifest.json` of an MCP bundle (MCPB, once DXT). @throws PackError */
export function describeBundle(files: Files, { target: wanted }: DescribeOptions): Described {
  const target = wanted !== undefined && oneSystem.test(wanted) ? wanted : undefined; // several are what follows without one
  const found = files.find((file) => file.path === 'manifest.json');
  if (found === undefined) throw new PackError('PACKAGE_MANIFEST', 'the bundle has no manifest.json');
  const json = looseJson(found.body, 'manifest.json');
  const [name, version] = [text(json, 'name'), text(json, 'version')];
  const server = member(json, 'server');
  const runtime = runtimeOf(server);
  const settings = readSettings(member(json, 'user_config'));
  const platforms = lines(member(json, 'compatibility')['platforms']);
  const started = startedOn(runtime, server, files, platforms, target);
  const launch: Launch = { args: started.args, env: started.env, settings };
  for (const template of [...started.args, ...started.env.values()]) {
    const problem = templateProblem(template, new Set(settings.keys()));
    if (problem !== null) throw new PackError('PACKAGE_MANIFEST', `manifest.json: ${problem}`);
  }
  const runtimes = member(member(json, 'compatibility'), 'runtimes');
  const plugin = name.toLowerCase();
  return {
    name,
    version,
    plugin,
    pluginVersion: version,
    description: lines([json['description'] ?? ''])[0] ?? '',
    keywords: lines(json['keywords']).slice(0, 50),
    kind: 'mcp',
    runtime,
    entry: {
      main: null,
      bin: new Map([[plugin.slice(0, 100), started.entry]]),
      ...(started.args.length + started.env.size + settings.size === 0 ? {} : { launch }),
      offers: offersOf(json),
    },
    engines: texts(runtimes),
    target: targetOf(runtime, platforms, target),
    capabilities: capabilitiesOf(launch, files, runtime),
    notes: notesOf(launch),
  };
}

function runtimeOf(server: JsonObject): Runtime {
  const type = server['type'];
  if (type === 'node' || type === 'python') return type;
  if (type === 'binary') return 'executable';
  if (type === 'uv')
    throw unsupported('its server is of type uv, which fetches its dependencies when it starts', {
      hint: 'a plugin is closed: bundle the dependencies and say "type": "python"',
    });
  throw new PackError('PACKAGE_MANIFEST', 'manifest.json: "server.type" is none of node, python, binary');
}

/**
 * The command, arguments and variables of one system: of the one asked for, or the same on all systems that the bundle
 * names. Nothing is signed that one system runs and another does not.
 */
function startedOn(
  runtime: Runtime,
  server: JsonObject,
  files: Files,
  platforms: readonly string[],
  target: string | undefined,
): Started {
  const config = member(server, 'mcp_config');
  const overrides = member(config, 'platform_overrides');
  const systems =
    target === undefined ? (platforms.length === 0 ? ['linux', 'darwin', 'win32'] : platforms) : [target];
  if (target !== undefined && platforms.length > 0 && !platforms.includes(target.replace(/-.*$/, '')))
    throw unsupported(`it is not made for ${target}`, { hint: `it names ${platforms.join(', ')}` });
  const all = systems.map((system) => {
    const own = member(overrides, system.replace(/-.*$/, ''));
    return startOf(runtime, server, { ...config, ...own }, files);
  });
  const [first] = all;
  const same = all.every(
    (item) =>
      JSON.stringify({ ...item, env: [...item.env] }) ===
      JSON.stringify({ ...all[0], env: [...(all[0]?.env ?? [])] }),
  );
  if (first === undefined || !same)
    throw unsupported('it starts differently on different systems', {
      hint: 'choose one: --target linux-x64, and publish it once for each under names of their own (--name)',
    });
  return first;
}

/** What the bundle's own hosts would run: `mcp_config`, which has to be the entry and nothing that lies elsewhere. */
function startOf(runtime: Runtime, server: JsonObject, config: JsonObject, files: Files): Started {
  const command = typeof config['command'] === 'string' ? config['command'] : null;
  const args = lines(config['args'], 4096);
  const env = texts(config['env']);
  refuseChanged(config, args, env);
  const stated = typeof server['entry_point'] === 'string' ? server['entry_point'] : null;
  const interpreters = runtime === 'node' ? ['node'] : ['python', 'python3'];
  const called = runtime === 'executable' ? command : args[0];
  if (runtime !== 'executable' && command !== null && !interpreters.includes(command))
    throw unsupported(`it is started by ${JSON.stringify(command.slice(0, 60))}`, {
      hint: `a closed plugin of this type is started by ${interpreters.join(' or ')}, which the host has`,
    });
  const entry = insideOf(called ?? stated ?? '', files);
  if (entry === null)
    throw unsupported(
      `what it starts, ${JSON.stringify((called ?? stated ?? '').slice(0, 80))}, is no file of it`,
      {
        hint: 'flags of the interpreter, modules (-m) and programs from elsewhere are not taken over',
      },
    );
  if (runtime === 'executable' && files.find((file) => file.path === entry)?.mode !== 0o755)
    throw unsupported(`${entry} is not marked as a program in the bundle`, {
      hint: 'pack it on a system that has such marks: chmod +x',
    });
  return { entry, args: runtime === 'executable' ? args : args.slice(1), env };
}

/** What it is started with is handed on as it is written, or not at all. */
function refuseChanged(config: JsonObject, args: readonly string[], env: ReadonlyMap<string, string>): void {
  const [given, set] = [config['args'] ?? [], config['env'] ?? {}];
  const same =
    Array.isArray(given) &&
    given.length === args.length &&
    given.every((item: JsonValue, index) => item === args[index]) &&
    isJsonObject(set) &&
    Object.entries(set).every(([name, value]) => env.get(name) === value);
  if (same) return;
  throw unsupported('it is started with something else than lists of texts, each of one line', {
    hint: 'arguments have at most 4,096 characters, variables 1,024: write them so in "mcp_config"',
  });
}

/** `${__dirname}/server/index.js`, `./server/index.js` or `server/index.js`. */
function insideOf(path: string, files: Files): FilePath | null {
  const plain = path
    .replace(/^\$\{__dirname\}(?:\/|\$\{\/\}|\$\{pathSeparator\})/, '')
    .replace(/^(?:\.\/)+/, '');
  return files.some((file) => file.path === plain) ? filePath(plain) : null;
}

function readSettings(json: JsonObject): ReadonlyMap<string, Setting> {
  return new Map(
    Object.entries(json).flatMap(([key, value]) => {
      if (!isJsonObject(value)) return [];
      const type = (['string', 'number', 'boolean', 'directory', 'file'] as const).find(
        (item) => item === value['type'],
      );
      if (type === undefined || !/^[\w.-]{1,100}$/.test(key))
        throw new PackError(
          'PACKAGE_MANIFEST',
          `manifest.json: the setting ${JSON.stringify(key.slice(0, 60))} has no known type`,
        );
      const setting: Setting = {
        type,
        title: lines([value['title'] ?? key])[0] ?? key,
        required: value['required'] === true,
        sensitive: value['sensitive'] === true,
        multiple: value['multiple'] === true,
        default: defaultOf(value['default']),
      };
      return [[key, setting] as const];
    }),
  );
}

function defaultOf(value: JsonValue | undefined): readonly string[] | null {
  if (value === undefined || value === null || value === '') return null;
  if (Array.isArray(value)) return lines(value, 4096);
  return lines([typeof value === 'string' ? value : JSON.stringify(value)], 4096);
}

/** What the server says it has. Their texts are hashed from the running server, not from here. */
function offersOf(json: JsonObject): ReadonlyMap<string, readonly string[]> {
  return new Map(
    ['prompts', 'tools'].flatMap((sort) => {
      const list = json[sort];
      const names = Array.isArray(list)
        ? list.flatMap((item: JsonValue) => (isJsonObject(item) ? lines([item['name'] ?? ''], 200) : []))
        : [];
      return names.length === 0 ? [] : [[sort, names.slice(0, 1000)] as const];
    }),
  );
}

/** Its settings say what it will be given: folders and files that a person names, and the variables that hold the other answers. */
function capabilitiesOf(launch: Launch, files: Files, runtime: Runtime): JsonObject {
  const asked = [...launch.settings.values()];
  const chosen = asked.some(({ type }) => type === 'directory' || type === 'file') ? ['$chosen'] : [];
  const native =
    runtime === 'executable' || files.some(({ path }) => /\.(?:node|so|dylib|dll|pyd)$/i.test(path));
  const variables = new Set([...launch.settings.keys()].flatMap((key) => settingVariable(launch, key) ?? []));
  return {
    ...(chosen.length === 0 ? {} : { 'fs.read': chosen, 'fs.write': chosen }),
    ...(variables.size === 0 ? {} : { env: [...variables] }),
    ...(native ? { native } : {}),
  };
}

function notesOf(launch: Launch): readonly string[] {
  const shown = launch.args.flatMap(variablesOf);
  const settings = [...launch.settings];
  return [
    ...settings.flatMap(([key, { sensitive }]) =>
      sensitive && shown.includes(`user_config.${key}`)
        ? [`its secret ${key} is passed on the command line, where every process of the machine can read it`]
        : [],
    ),
    ...(settings.length === 0 ? [] : [`it has settings: ${settings.map(([key]) => key).join(', ')}`]),
  ];
}

function targetOf(runtime: Runtime, platforms: readonly string[], target: string | undefined): string {
  if (target !== undefined) return target;
  const known = ['darwin', 'linux', 'win32'].filter((system) => platforms.includes(system));
  return known.length === 0 || known.length === 3 ? 'any' : known.join(',');
}

function text(json: JsonObject, name: string): string {
  const [value] = lines([json[name] ?? ''], 200);
  if (value === undefined || value === '')
    throw new PackError('PACKAGE_MANIFEST', `manifest.json: "${name}" is missing`);
  return value;
}

function unsupported(why: string, options: { readonly hint: string }): PackError {
  return new PackError('PACKAGE_UNSUPPORTED', `the bundle cannot be a plugin: ${why}`, options);
}
