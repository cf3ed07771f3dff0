import { createHash } from 'node:crypto';
import type { ArchiveEntry } from '../archive/tar-reader.ts';
import { PackError } from '../errors.ts';
import { oneLine } from './loose.ts';
import type { Described, DescribeOptions } from './published-as-is.ts';
import { semverOfPython } from './python-version.ts';

type Files = readonly Pick<ArchiveEntry, 'path' | 'mode' | 'body'>[];

/**
 * A Python wheel: its file name, `METADATA` and `WHEEL` agree, and `RECORD` lists every file of it with its digest and no
 * other. It is not run by us: its dependencies are other packages, and pip puts it where Python looks.
 *
 * @throws PackError
 */
export function describeWheel(files: Files, { originalName }: DescribeOptions): Described {
  const parsed = /^([\w.]+)-([\w.!+]+)(?:-\d\w*)?-([\w.]+)-([\w.]+)-([\w.]+)\.whl$/.exec(originalName);
  const [, name = '', version = '', , , platforms = ''] = parsed ?? [];
  const infos = new Set(files.flatMap(({ path }) => /^[^/]+\.dist-info(?=\/)/.exec(path) ?? []));
  const [info = ''] = infos;
  const [infoName = '', infoVersion = ''] = info.replace(/\.dist-info$/, '').split('-');
  const metadata = headersOf(files, `${info}/METADATA`);
  const own = metadata.get('name')?.[0] ?? '';
  const ownVersion = metadata.get('version')?.[0] ?? '';
  if (
    parsed === null ||
    infos.size !== 1 ||
    new Set([name, infoName, own].map(normalised)).size !== 1 ||
    new Set([version, infoVersion, ownVersion].map(plainVersion)).size !== 1
  )
    throw new PackError('PACKAGE_MANIFEST', `${originalName}: file name and METADATA do not name one wheel`, {
      hint: 'a wheel keeps the file name that it was built with: name-version-python-abi-platform.whl',
    });
  const wheel = headersOf(files, `${info}/WHEEL`);
  if (!/^1\.\d+$/.test(wheel.get('wheel-version')?.[0] ?? ''))
    throw new PackError('PACKAGE_UNSUPPORTED', `${originalName}: only wheels of version 1 are known`);
  checkRecord(files, info);
  const python = metadata.get('requires-python')?.[0];
  const needs = (metadata.get('requires-dist') ?? []).filter((line) => !/;.*\bextra\s*==/.test(line));
  const commands = commandsOf(files, info);
  const pure = wheel.get('root-is-purelib')?.[0]?.toLowerCase() === 'true';
  return {
    name: own,
    version: ownVersion,
    plugin: normalised(own),
    pluginVersion: semverOfPython(ownVersion) ?? ownVersion,
    description: metadata.get('summary')?.[0] ?? '',
    keywords: (metadata.get('keywords')?.[0] ?? '')
      .split(/[,\s]+/)
      .filter((word) => word !== '')
      .slice(0, 50),
    kind: 'python',
    runtime: 'none',
    entry: {
      main: null,
      bin: new Map(),
      ...(commands.length === 0 ? {} : { offers: new Map([['commands', commands]]) }),
    },
    engines: python === undefined ? new Map() : new Map([['python', python]]),
    target: targetOf(platforms),
    capabilities:
      pure && !files.some(({ path }) => /\.(?:so|dylib|dll|pyd)$/i.test(path)) ? {} : { native: true },
    notes:
      needs.length === 0
        ? []
        : [`it needs ${needs.slice(0, 8).join(', ')}: pip is told to install none of them`],
  };
}

/** The headers of an e-mail, as METADATA and WHEEL are written; names in lower case, the body left out. */
function headersOf(files: Files, path: string): ReadonlyMap<string, readonly string[]> {
  const body = files.find((file) => file.path === path)?.body;
  if (body === undefined) throw new PackError('PACKAGE_MANIFEST', `the wheel has no ${path}`);
  const [head = ''] = Buffer.from(body).toString('utf8').replaceAll('\r\n', '\n').split('\n\n', 1);
  const found = new Map<string, string[]>();
  for (const line of head.split('\n')) {
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (match === null) continue; // the rest of a long line: none that is read here has one
    const key = (match[1] ?? '').toLowerCase();
    const values = found.get(key) ?? [];
    values.push(oneLine(match[2] ?? '', 500));
    found.set(key, values);
  }
  return found;
}

/** Digest and size of every file but RECORD itself and its signatures. @throws PackError `WHEEL_RECORD` */
function checkRecord(files: Files, info: string): void {
  const record = files.find((file) => file.path === `${info}/RECORD`);
  if (record === undefined) throw wrong('it has no RECORD');
  const unlisted = new Map(files.map((file) => [String(file.path), file]));
  for (const line of Buffer.from(record.body).toString('utf8').split(/\r?\n/)) {
    if (line === '') continue;
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*)),([^,]*),(\d*)$/.exec(line);
    if (match === null) throw wrong('its RECORD is damaged');
    const path = match[1]?.replaceAll('""', '"') ?? match[2] ?? '';
    const file = unlisted.get(path);
    if (file === undefined)
      throw wrong(`its RECORD lists ${JSON.stringify(path.slice(0, 120))}, which is not there`);
    unlisted.delete(path); // a second line for it would not find it
    if (isRecord(path, info)) continue;
    const [, algorithm = '', digest = ''] = /^(sha256|sha384|sha512)=([\w-]+)$/.exec(match[3] ?? '') ?? [];
    const same =
      algorithm !== '' &&
      createHash(algorithm).update(file.body).digest('base64url') === digest &&
      (match[4] === '' || Number(match[4]) === file.body.length);
    if (!same) throw wrong(`${path} is not as its RECORD says`);
  }
  for (const path of unlisted.keys()) if (!isRecord(path, info)) throw wrong(`${path} is not in its RECORD`);
}

function isRecord(path: string, info: string): boolean {
  return path === `${info}/RECORD` || path === `${info}/RECORD.jws` || path === `${info}/RECORD.p7s`;
}

function wrong(why: string): PackError {
  return new PackError('WHEEL_RECORD', `the wheel contradicts itself: ${why}`, {
    hint: 'fetch it again, and ask its author if it stays so',
  });
}

/** `[console_scripts]` and `[gui_scripts]` of entry_points.txt: what pip makes commands of. */
function commandsOf(files: Files, info: string): readonly string[] {
  const body = files.find((file) => file.path === `${info}/entry_points.txt`)?.body;
  const found: string[] = [];
  let section = '';
  for (const line of Buffer.from(body ?? [])
    .toString('utf8')
    .split(/\r?\n/)) {
    section = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1]?.trim() ?? section;
    if (/^(?:console|gui)_scripts$/.test(section) && line.includes('=')) found.push(oneLine(line, 200));
  }
  return found.slice(0, 1000);
}

/** As the Python Package Index compares names. */
function normalised(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

function plainVersion(version: string): string {
  return version.toLowerCase().replaceAll(/[-_]/g, '.');
}

/** The systems of a wheel's platform tags, as ours are written; several after commas. */
function targetOf(platforms: string): string {
  const found = new Set(
    platforms.split('.').flatMap((tag) => {
      const cpu = /(?:x86_64|amd64)$/.test(tag) ? 'x64' : /(?:aarch64|arm64)$/.test(tag) ? 'arm64' : null;
      if (tag === 'any') return ['any'];
      if (tag.startsWith('macosx') && /(?:universal2|intel)$/.test(tag))
        return ['darwin-arm64', 'darwin-x64'];
      const system = /^(?:many|musl)?linux|^macosx|^win/.exec(tag)?.[0];
      const ours =
        system === 'macosx' ? 'darwin' : system === 'win' ? 'win32' : system === undefined ? null : 'linux';
      if (ours === null || cpu === null) return [tag]; // one that no host of ours is
      return [`${ours}-${cpu}${system === 'manylinux' ? '-glibc' : system === 'musllinux' ? '-musl' : ''}`];
    }),
  );
  return found.has('any') ? 'any' : [...found].toSorted().join(',').slice(0, 60);
}
