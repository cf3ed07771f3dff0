import { isJsonObject, type JsonObject, type JsonValue } from '@ragnos/tuf';
import { PackError } from '../errors.ts';
import { filePath, type FilePath } from '../names.ts';

/** What we read of a package.json: npm's rules for it are looser than ours for metadata, so only this much is strict. */
export interface PackageJson {
  readonly json: JsonObject;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly main: string | null;
  readonly bin: ReadonlyMap<string, string>;
  readonly engines: ReadonlyMap<string, string>;
  /** What it cannot run without: dependencies, and peers that are not optional. */
  readonly dependencies: ReadonlyMap<string, string>;
  readonly optionalDependencies: readonly string[];
  readonly lifecycleScripts: readonly string[];
}

/** Scripts that npm runs on the machine that installs a package. */
const lifecycle = [
  'preinstall',
  'install',
  'postinstall',
  'prepare',
  'preprepare',
  'postprepare',
  'preuninstall',
  'uninstall',
  'postuninstall',
];

/** npm's own bound on a name. */
const maxName = 214;
/** Lockfiles of large projects have a tenth of this. */
const maxJsonLength = 32 * 1024 * 1024;

/** @throws PackError `PACKAGE_JSON` */
export function readPackageJson(bytes: Uint8Array, what: string, hasGyp = false): PackageJson {
  const json = looseJson(bytes, what);
  const text = (name: string): string => {
    const value = json[name];
    if (typeof value !== 'string' || value === '')
      throw new PackError('PACKAGE_JSON', `${what}: "${name}" is missing`);
    if (value.length > maxName || oneLine(value) !== value)
      throw new PackError(
        'PACKAGE_JSON',
        `${what}: "${name}" is not a line of at most ${maxName} characters`,
      );
    return value;
  };
  const name = text('name');
  if (!/^(?:@[^@/\s]+\/)?[^@/\s]+$/.test(name))
    throw new PackError('PACKAGE_JSON', `${what}: ${JSON.stringify(name)} is no package's name`, {
      hint: 'name or @scope/name',
    });
  return {
    json,
    name,
    version: text('version'),
    description: oneLine(json['description']),
    keywords: strings(json['keywords'])
      .map((word) => oneLine(word).slice(0, 100))
      .slice(0, 50),
    main: typeof json['main'] === 'string' ? json['main'] : null,
    bin:
      typeof json['bin'] === 'string'
        ? new Map([[lastPart(name), json['bin']]])
        : new Map([...texts(json['bin'])].filter(([command]) => oneLine(command) === command)),
    engines: new Map([...texts(json['engines'])].map(([name, range]) => [oneLine(name), oneLine(range)])),
    dependencies: needed(json),
    optionalDependencies: [...texts(json['optionalDependencies']).keys()],
    lifecycleScripts: scriptsOf(json, hasGyp),
  };
}

/**
 * The scripts that npm would run where this package is installed. Beside a binding.gyp that is node-gyp's, although no
 * script says so.
 */
export function scriptsOf(json: JsonObject, hasGyp: boolean): readonly string[] {
  const scripts = texts(json['scripts']);
  const found = lifecycle.filter((name) => scripts.has(name));
  const builds = hasGyp && !scripts.has('preinstall') && !scripts.has('install') && json['gypfile'] !== false;
  return builds ? ['install', ...found] : found;
}

/** `@scope/name` → `name`. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The file that a relative `path` of a package.json means, with Node's `.js` and `index.js`; null if it is not there. */
export function resolveFile(path: string, files: ReadonlySet<string>): FilePath | null {
  const plain = path.replace(/^(?:\.\/)+/, '').replace(/\/$/, '');
  const found = [plain, `${plain}.js`, plain === '' || plain === '.' ? 'index.js' : `${plain}/index.js`].find(
    (name) => files.has(name),
  );
  return found === undefined ? null : filePath(found);
}

/** npm repeats optional dependencies among the others when it publishes. */
function needed(json: JsonObject): ReadonlyMap<string, string> {
  const optional = texts(json['optionalDependencies']);
  const aboutPeers = json['peerDependenciesMeta'];
  const peers = [...texts(json['peerDependencies'])].filter(([name]) => {
    const about = isJsonObject(aboutPeers) && Object.hasOwn(aboutPeers, name) ? aboutPeers[name] : undefined;
    return !(isJsonObject(about) && about['optional'] === true);
  });
  return new Map([...peers, ...texts(json['dependencies'])].filter(([name]) => !optional.has(name)));
}

/**
 * JSON as npm reads it: duplicate keys, fractions and a byte order mark occur in real packages, and nothing here is
 * signed metadata.
 *
 * @throws PackError `PACKAGE_JSON`
 */
export function looseJson(bytes: Uint8Array, what: string): JsonObject {
  if (bytes.length > maxJsonLength)
    throw new PackError('PACKAGE_JSON', `${what} has more than ${maxJsonLength} bytes`);
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as JsonValue; // what JSON.parse returns, by definition
    if (isJsonObject(json)) return json;
  } catch (cause) {
    throw new PackError('PACKAGE_JSON', `${what} is not JSON`, { cause });
  }
  throw new PackError('PACKAGE_JSON', `${what} is not an object`);
}

function texts(value: JsonValue | undefined): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, item]) =>
      typeof item === 'string' ? [[key.toWellFormed(), item.toWellFormed()] as const] : [],
    ),
  );
}

function strings(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item: JsonValue) => typeof item === 'string') : [];
}

function oneLine(value: JsonValue | undefined): string {
  return typeof value === 'string'
    ? value
        .replace(/\p{Cc}+/gu, ' ')
        .trim()
        .slice(0, 500)
        .toWellFormed()
    : '';
}
