/**
 * Times one way of unpacking the same archive, in process, `times` times, each into a fresh folder; prints milliseconds.
 * Arguments: ours|pacote|node-tar, times, work folder, archive; for ours also the repository's URL, root file and spec.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [what, times, work, archive, url, rootFile, spec] = process.argv.slice(2);

const ways = {
  ours: async () => {
    const { openHost, trustRepository } = await import('@ragnos/plugin');
    const root = readFileSync(rootFile);
    return {
      prepare: (home) => trustRepository({ home, alias: 'bench', url, root, singleSigner: true }),
      install: async (home) => {
        const host = await openHost({ home, project: null });
        await host.install(spec);
      },
    };
  },
  pacote: async () => {
    const { default: pacote } = await import('pacote');
    return {
      install: (folder) =>
        pacote.extract(`file:${archive}`, join(folder, 'plugin'), { cache: join(folder, 'cache') }),
    };
  },
  'node-tar': async () => {
    const tar = await import('tar');
    return { install: (folder) => tar.extract({ file: archive, cwd: folder, strip: 1 }) };
  },
};

const way = await ways[what]();
const milliseconds = [];
for (let turn = -1; turn < Number(times); turn++) {
  const folder = join(work, `${what}-${turn}`);
  mkdirSync(folder, { recursive: true });
  await way.prepare?.(folder);
  const started = performance.now();
  await way.install(folder);
  if (turn >= 0) milliseconds.push(performance.now() - started); // the first one warms up
}
console.log(JSON.stringify(milliseconds));
