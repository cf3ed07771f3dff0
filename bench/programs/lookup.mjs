/** Look-ups in a role that is loaded; prints milliseconds each. Arguments: ours|tuf-js, URL, metadata folder, root file, count of targets. */
import { readFileSync } from 'node:fs';

const [what, url, dir, root, count] = process.argv.slice(2);
const ways = {
  ours: async () => {
    const { Updater } = await import('@ragnos/client');
    const updater = await Updater.open({ dir, baseUrl: `${url}/`, root: readFileSync(root) });
    await updater.refresh();
    return (path) => updater.find(path);
  },
  'tuf-js': async () => {
    const { Updater } = await import('tuf-js');
    const updater = new Updater({ metadataDir: dir, metadataBaseUrl: `${url}/metadata` });
    await updater.refresh();
    return (path) => updater.getTargetInfo(path);
  },
};
const find = await ways[what]();
const milliseconds = [];
for (let turn = 0; turn < 60; turn++) {
  const path = `files/target-${String(1 + ((turn * 7919) % (Number(count) - 1))).padStart(7, '0')}.bin`;
  const started = performance.now();
  if (!(await find(path))) throw new Error(`${path} was not found`);
  if (turn >= 10) milliseconds.push(performance.now() - started); // the first ones warm up
}
console.log(JSON.stringify(milliseconds));
