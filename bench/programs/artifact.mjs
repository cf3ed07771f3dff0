/** One large file, verified and durable; prints milliseconds. Arguments: ours|tuf-js|floor, URL, work folder, root file, target path, URL path, times. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';

const [what, url, work, root, targetPath, urlPath, times] = process.argv.slice(2);
const dir = join(work, what);
mkdirSync(dir, { recursive: true });

/** One pass: stream, sha256, fsync, rename. Nobody can be faster and keep the promise. */
async function floor(file) {
  const answer = await new Promise((resolve, reject) =>
    get(`${url}/${urlPath}`, resolve).on('error', reject),
  );
  const handle = await open(`${file}.tmp`, 'w');
  const hash = createHash('sha256');
  for await (const chunk of answer) {
    hash.update(chunk);
    await handle.write(chunk);
  }
  hash.digest('hex');
  await handle.sync();
  await handle.close();
  await rename(`${file}.tmp`, file);
}

const ways = {
  floor: async () => floor,
  ours: async () => {
    const { Updater } = await import('@ragnos/client');
    const updater = await Updater.open({
      dir: join(dir, 'metadata'),
      baseUrl: `${url}/`,
      root: readFileSync(root),
    });
    await updater.refresh();
    const info = await updater.find(targetPath);
    return (file) => updater.download(info, file);
  },
  'tuf-js': async () => {
    const { Updater } = await import('tuf-js');
    copyFileSync(root, join(dir, 'root.json'));
    const updater = new Updater({
      metadataDir: dir,
      targetDir: dir,
      metadataBaseUrl: `${url}/metadata`,
      targetBaseUrl: `${url}/targets`,
      config: { fetchTimeout: 600_000 },
    });
    await updater.refresh();
    const info = await updater.getTargetInfo(targetPath);
    return (file) => updater.downloadTarget(info, file);
  },
};
const download = await ways[what]();
const milliseconds = [];
for (let turn = 0; turn < Number(times); turn++) {
  const file = join(dir, 'large.bin');
  const started = performance.now();
  await download(file);
  milliseconds.push(performance.now() - started);
  rmSync(file);
}
console.log(JSON.stringify(milliseconds));
