// Packs every public package, laid out as it is published, and uses it as a stranger would: in an empty folder, on Node 26 and on Node 24.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { findNode24 } from './needed.ts';
import { closure, discover, type Package, writtenBins } from './package-list.ts';
import { stagePackages } from '../stage.ts';
import { check, must, npm, type Outcome, root, run } from './step.ts';

type Packed = {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { path: string }[];
};

function checkContents({ manifest, folder }: Package, files: readonly string[]) {
  const stray = files.filter(
    (file) => !/^(dist\/.*(\.js|\.d\.ts|\.json|\.css|\.svg)|[A-Z]+(\.md)?|package\.json)$/.test(file),
  );
  if (stray.length > 0)
    throw new Error(`packed, but neither compiled code nor its papers: ${stray.join(', ')}`);
  if (files.some((file) => /(^|\/)(test|src)\/|\.test\./.test(file)))
    throw new Error(`tests are packed: ${files.join(', ')}`);
  for (const target of ['./dist/index.js', './dist/index.d.ts', ...writtenBins(manifest, folder)])
    if (!files.includes(target.slice(2))) throw new Error(`${target} is missing in the package`);
}

async function use(
  one: Package,
  tarballs: ReadonlyMap<string, string>,
  all: ReadonlyMap<string, Package>,
  temporary: string,
  nodes: readonly string[],
) {
  const { name } = one.manifest;
  const folder = path.join(temporary, path.basename(one.folder));
  await mkdir(folder);
  const dependencies = Object.fromEntries(
    [...closure(name, all)].map((other) => [other, `file:${tarballs.get(other)}`]),
  );
  await writeFile(
    path.join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  );
  // What set-up downloaded is in npm's cache, so no network is needed; a cold cache may still be filled.
  must(
    await npm(
      [
        'install',
        '--prefer-offline',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        '--loglevel=error',
      ],
      folder,
    ),
  );
  for (const node of nodes) {
    must(await run(node, ['--input-type=module', '--eval', `await import(${JSON.stringify(name)})`], folder));
    for (const bin of writtenBins(one.manifest, one.folder))
      must(await run(node, [path.join(folder, 'node_modules', name, bin), '--version'], folder));
  }
}

export async function packages(): Promise<readonly Outcome[]> {
  const all = discover();
  const temporary = await mkdtemp(path.join(tmpdir(), 'packages-'));
  const node24 = findNode24();
  const nodes = [process.execPath, ...(node24 === undefined ? [] : [node24])];
  const contents = new Map<string, Packed>();
  try {
    const pack = await check('npm pack', async () => {
      const staged = await stagePackages(path.join(temporary, 'staged'));
      const ran = must(
        await npm(
          [
            'pack',
            '--json',
            '--ignore-scripts',
            '--loglevel=error',
            `--pack-destination=${temporary}`,
            ...staged.values(),
          ],
          root,
        ),
      );
      for (const packed of Object.values(JSON.parse(ran.stdout) as Record<string, Packed>))
        contents.set(packed.name, packed);
    });
    const tarballs = new Map(
      [...contents].map(([name, { filename }]) => [name, path.join(temporary, filename)]),
    );
    const outcomes: Outcome[] = [];
    const queue = [...contents.values()];
    const worker = async () => {
      for (let packed = queue.shift(); packed !== undefined; packed = queue.shift()) {
        const one = all.get(packed.name);
        if (one === undefined) continue;
        const files = packed.files.map((file) => file.path);
        outcomes.push(
          await check(`package ${packed.name}`, async () => {
            checkContents(one, files);
            await use(one, tarballs, all, temporary, nodes);
          }),
        );
      }
    };
    await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
    outcomes.sort((a, b) => (a.name < b.name ? -1 : 1));
    const missing = async () => ({ skip: `npm brought no Node 24 for ${process.platform}-${process.arch}` });
    return [
      pack,
      ...outcomes,
      ...(node24 === undefined ? [await check('packages on Node 24', missing)] : []),
    ];
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
