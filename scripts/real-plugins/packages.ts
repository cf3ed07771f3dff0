/** Real packages of the formats that are published unchanged, from npm and PyPI, by the tools of the formats' makers. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isJsonObject, parseJson } from '@ragnos/tuf';
import { run } from '../demo/run.ts';

export interface RealPackage {
  /** Its name in the vault. */
  readonly name: string;
  readonly format: 'MCP bundle' | 'VS Code extension' | 'Claude folder' | 'Python wheel';
  readonly source: string;
  /** A file, or a folder. */
  readonly path: string;
  /** Of one before a release, which nobody gets who does not name it. */
  readonly version?: string;
}

const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev'];
const packers = ['@anthropic-ai/mcpb@2.1.2', '@vscode/vsce@3.9.2'];

/** Makes them in `work`; one that cannot be had ends it, since then nothing is known of its format. */
export async function makePackages(work: string, signal: AbortSignal): Promise<readonly RealPackage[]> {
  const kitchen = new Kitchen(work, signal);
  await mkdir(kitchen.given);
  await kitchen.npm(await kitchen.folder('tools'), ...install, ...packers);
  const made = await Promise.all([
    kitchen.bundle('@modelcontextprotocol/server-memory@2026.7.4'),
    kitchen.bundle('@modelcontextprotocol/server-everything@2026.7.4'),
    kitchen.bundle('@modelcontextprotocol/server-filesystem@2026.7.10'),
    kitchen.extension('@theia/vscode-builtin-git@0.3.0-next.1750b2b231b'),
    kitchen.extension('@theia/vscode-builtin-java@0.2.1'),
    kitchen.carried('@sap/vscode-cds@10.1.0'),
    kitchen.claude('selfish-pipeline@1.3.0'),
    kitchen.wheels(['six==1.17.0', 'attrs==24.3.0', 'httpie==3.2.4', 'markupsafe==3.0.2']),
  ]);
  return made.flat();
}

class Kitchen {
  readonly given: string;
  readonly #work: string;
  readonly #signal: AbortSignal;

  constructor(work: string, signal: AbortSignal) {
    this.#work = work;
    this.#signal = signal;
    this.given = join(work, 'given');
  }

  async run(cwd: string, program: string, args: readonly string[]): Promise<string> {
    const { exit, stdout, stderr } = await run(program, args, { cwd, signal: this.#signal });
    if (exit === 0) return stdout;
    throw new Error(`${basename(program)} ${args.join(' ')}: exit ${exit}\n${stderr}`);
  }

  npm(cwd: string, ...args: readonly string[]): Promise<string> {
    return this.run(cwd, 'npm', args);
  }

  async folder(name: string): Promise<string> {
    const at = join(this.#work, 'made', name.replaceAll(/\W+/g, '-'));
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'package.json'), '{ "private": true, "type": "module" }');
    return at;
  }

  /** An MCP server of npm as a bundle, with the packer of the bundles' makers. */
  async bundle(spec: string): Promise<RealPackage> {
    const [, name = '', version = ''] = /([^/]+)@([^@]+)$/.exec(spec) ?? [];
    const at = await this.folder(name);
    await this.npm(at, ...install, spec);
    const entry = `node_modules/@modelcontextprotocol/${name}/dist/index.js`;
    const folders = name === 'server-filesystem';
    const asked = {
      type: 'directory',
      title: 'Folders',
      description: 'to work in',
      multiple: true,
      required: true,
    };
    const manifest = {
      manifest_version: '0.3',
      name,
      version,
      description: `the reference ${name}`,
      author: { name: 'Model Context Protocol' },
      server: {
        type: 'node',
        entry_point: entry,
        mcp_config: {
          command: 'node',
          args: [`\${__dirname}/${entry}`, ...(folders ? ['${user_config.folders}'] : [])],
        },
      },
      ...(folders ? { user_config: { folders: asked } } : {}),
    };
    await writeFile(join(at, 'manifest.json'), JSON.stringify(manifest));
    const path = join(this.given, `${name}.mcpb`);
    await this.run(at, this.#tool('mcpb'), ['pack', '.', path]);
    return { name, format: 'MCP bundle', source: spec, path };
  }

  /** Sources of an extension, with the editor's own packer. Editors' names have no scope. */
  async extension(spec: string): Promise<RealPackage> {
    const at = await this.#unpacked(spec);
    const file = join(at, 'package.json');
    const json = parseJson(await readFile(file), spec);
    const name = basename(spec.slice(0, spec.lastIndexOf('@')));
    const own = { ...(isJsonObject(json) ? json : {}), name, publisher: 'theia', scripts: {} };
    await writeFile(file, JSON.stringify({ ...own, repository: undefined }));
    const path = join(this.given, `${name}.vsix`);
    const flags = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', path];
    await this.run(at, this.#tool('vsce'), ['package', ...flags]);
    const version = spec.slice(spec.lastIndexOf('@') + 1);
    const early = version.includes('-') ? { version } : {};
    return { name, format: 'VS Code extension', source: spec, path, ...early };
  }

  /** A package that carries the extension as its maker published it. */
  async carried(spec: string): Promise<readonly RealPackage[]> {
    const at = await this.#unpacked(spec);
    const files = (await readdir(at)).filter((name) => name.endsWith('.vsix'));
    return files.map((file) => ({
      name: basename(spec.slice(0, spec.lastIndexOf('@'))),
      format: 'VS Code extension',
      source: `${spec}, as it is in there`,
      path: join(at, file),
    }));
  }

  async claude(spec: string): Promise<RealPackage> {
    const path = await this.#unpacked(spec);
    return { name: spec.slice(0, spec.lastIndexOf('@')), format: 'Claude folder', source: spec, path };
  }

  async wheels(specs: readonly string[]): Promise<readonly RealPackage[]> {
    const at = await this.folder('wheels');
    await this.run(at, 'python3', ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', ...specs]);
    const files = (await readdir(at)).filter((name) => name.endsWith('.whl')).toSorted();
    return files.map((file) => ({
      name: (file.split('-')[0] ?? '').toLowerCase(),
      format: 'Python wheel',
      source: file,
      path: join(at, file),
    }));
  }

  async #unpacked(spec: string): Promise<string> {
    const at = await this.folder(spec);
    await rm(join(at, 'package.json'));
    const archive = (await this.npm(at, 'pack', spec, '--silent')).trim();
    await this.run(at, 'tar', ['xzf', archive]);
    return join(at, 'package');
  }

  #tool(name: string): string {
    return join(this.#work, 'made', 'tools', 'node_modules', '.bin', name);
  }
}
