import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pack, readArchive, vendorName, type Packed, type PackOptions } from '@ragnos/plugin';
import { afterAll, afterEach, beforeAll } from 'vitest';

/** A temporary folder for a test file, and an environment that is put back after each test. */
export function world() {
  let root = '';
  let next = 0;
  const environment = { ...process.env };
  const restore = (): void => {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  };
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'ragv-pack-test-'));
  });
  afterEach(restore);
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const path = (name: string): string => join(root, name);
  async function folder(files: Readonly<Record<string, string | object>>): Promise<string> {
    const at = path(`folder-${next++}`);
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(at, name)), { recursive: true });
      await writeFile(join(at, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return at;
  }
  return {
    path,
    folder,
    /** Which registry npm uses, with a cache of its own. */
    useRegistry(url: string): void {
      process.env['npm_config_registry'] = url;
      process.env['npm_config_cache'] = path(`cache-${next++}`);
    },
    /** A program that stands where npm is looked for. */
    async fakeNpm(script: string): Promise<void> {
      const at = await folder({ npm: `#!/bin/sh\n${script}\n` });
      await chmod(join(at, 'npm'), 0o755);
      process.env['PATH'] = `${at}${delimiter}${process.env['PATH'] ?? ''}`;
    },
    async pack(
      source: string,
      options: Partial<PackOptions> = {},
    ): Promise<Packed & { readonly output: string }> {
      const output = await folder({ '.keep': '' });
      return { ...(await pack(source, { vendor: vendorName('acme'), output, ...options })), output };
    },
  };
}

/** Path → mode and text of what was packed. */
export async function contents(packed: Packed): Promise<ReadonlyMap<string, string>> {
  const entries = readArchive(await readFile(packed.artifactFile));
  return new Map(
    entries.map(({ path, mode, body }) => [
      path.slice(packed.manifest.stripPrefix.length),
      `${mode.toString(8)} ${Buffer.from(body).toString()}`,
    ]),
  );
}
