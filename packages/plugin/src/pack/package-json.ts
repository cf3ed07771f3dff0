import {
  isJsonObject,
  MalformedMetadataError,
  parseJson,
  type JsonObject,
  type JsonValue,
} from '@ragnos/tuf';
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
  /** Production dependencies by name; optional ones are not among them. */
  readonly dependencies: ReadonlyMap<string, string>;
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

/** @throws PackError `PACKAGE_JSON` */
export function readPackageJson(bytes: Uint8Array, what: string): PackageJson {
  const json = parse(bytes, what);
  const text = (name: string): string => {
    const value = json[name];
    if (typeof value !== 'string' || value === '')
      throw new PackError('PACKAGE_JSON', `${what}: "${name}" is missing`);
    return value;
  };
  const name = text('name');
  return {
    json,
    name,
    version: text('version'),
    description: oneLine(json['description']),
    keywords: strings(json['keywords']).map(oneLine).slice(0, 50),
    main: typeof json['main'] === 'string' ? json['main'] : null,
    bin: typeof json['bin'] === 'string' ? new Map([[lastPart(name), json['bin']]]) : texts(json['bin']),
    engines: texts(json['engines']),
    dependencies: texts(json['dependencies']),
    lifecycleScripts: lifecycle.filter((script) => texts(json['scripts']).has(script)),
  };
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

function parse(bytes: Uint8Array, what: string): JsonObject {
  try {
    const json = parseJson(bytes[0] === 0xef ? bytes.subarray(3) : bytes, what);
    if (isJsonObject(json)) return json;
  } catch (cause) {
    if (!(cause instanceof MalformedMetadataError)) throw cause;
    throw new PackError('PACKAGE_JSON', cause.message, { cause });
  }
  throw new PackError('PACKAGE_JSON', `${what}: not an object`);
}

function texts(value: JsonValue | undefined): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, item]) => (typeof item === 'string' ? [[key, item] as const] : [])),
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
    : '';
}
