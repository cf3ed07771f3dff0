import { createHash } from 'node:crypto';
import { zip, type RawZipEntry } from '../archive/zip-builder.ts';

/** Path → content; an object is written as JSON, `null` leaves a file out. */
export type Content = Readonly<Record<string, string | object | null>>;

function entries(content: Content, programs: readonly string[] = []): readonly RawZipEntry[] {
  return Object.entries(content).flatMap(([name, body]) =>
    body === null
      ? []
      : [
          {
            name,
            body: typeof body === 'string' ? body : JSON.stringify(body),
            mode: programs.includes(name) ? 0o100755 : 0o100644,
          },
        ],
  );
}

export const server = `process.stdout.write(JSON.stringify({ args: process.argv.slice(2), token: process.env.TOKEN ?? null, level: process.env.LEVEL ?? null }));\n`;

export const bundleManifest = {
  manifest_version: '0.3',
  name: 'Greeter',
  version: '1.2.0',
  description: 'greets',
  author: { name: 'Ada' },
  server: {
    type: 'node',
    entry_point: 'server/index.js',
    mcp_config: {
      command: 'node',
      args: ['${__dirname}/server/index.js', '--root', '${user_config.folders}', '--home=${HOME}'],
      env: { TOKEN: '${user_config.token}', LEVEL: '3' },
    },
  },
  user_config: {
    folders: { type: 'directory', title: 'Folders', description: 'd', multiple: true, required: true },
    token: { type: 'string', title: 'Token', description: 'd', sensitive: true },
  },
  tools: [{ name: 'greet', description: 'says hello' }, { name: 'wave' }],
  keywords: ['hello'],
  compatibility: { platforms: ['linux', 'darwin', 'win32'], runtimes: { node: '>=20' } },
};

export function bundle(change: object = {}, content: Content = {}, programs: readonly string[] = []): Buffer {
  return zip(
    entries(
      {
        'manifest.json': { ...bundleManifest, ...change },
        'server/index.js': server,
        'icon.png': 'x',
        ...content,
      },
      programs,
    ),
  );
}

export const extensionPackage = {
  name: 'Theme',
  publisher: 'acme-inc',
  version: '2.0.0',
  description: 'colours',
  main: './out/main',
  engines: { vscode: '^1.90.0', node: '>=99' },
};

export function identity(attributes = 'Id="Theme" Version="2.0.0" Publisher="acme-inc"'): string {
  return `<?xml version="1.0"?><PackageManifest><Metadata><Identity Language="en-US" ${attributes} /></Metadata></PackageManifest>`;
}

export function extension(change: object = {}, content: Content = {}): Buffer {
  return zip(
    entries({
      '[Content_Types].xml': '<Types/>',
      'extension.vsixmanifest': identity(),
      'extension/package.json': { ...extensionPackage, ...change },
      'extension/out/main.js': 'exports.activate = () => {};\n',
      ...content,
    }),
  );
}

/** A wheel with its RECORD as it should be, unless `content` has another one. */
export function wheel(content: Content = {}, name = 'tool', version = '1.0'): Buffer {
  const info = `${name}-${version}.dist-info`;
  const all: Content = {
    [`${name}/__init__.py`]: 'answer = 42\n',
    [`${name}/a, b.py`]: '',
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nSummary: a tool\nKeywords: one,two\nRequires-Python: >=3.9\nRequires-Dist: six>=1\nRequires-Dist: x; extra == 'y'\n\nName: not this\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/entry_points.txt`]: '[other]\nx = y\n[console_scripts]\ntool = tool:main\n',
    ...content,
  };
  return zip(entries({ [`${info}/RECORD`]: record(all, info), ...all }));
}

export function record(content: Content, info: string): string {
  const lines = Object.entries(content).flatMap(([path, body]) =>
    typeof body === 'string' && !path.endsWith('/RECORD')
      ? [`${path.includes(',') ? `"${path}"` : path},sha256=${digest(body)},${Buffer.byteLength(body)}\n`]
      : [],
  );
  return `${lines.join('')}${info}/RECORD,,\n`;
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
