/** Times the verification of an installed tree in process; prints milliseconds. Arguments: times, home, plugin. */
import { openHost } from '@ragnos/plugin';

const [times, home, plugin] = process.argv.slice(2);
const host = await openHost({ home, project: null });
const milliseconds = [];
for (let turn = -1; turn < Number(times); turn++) {
  const started = performance.now();
  const [result] = await host.verify(plugin);
  if (!result.ok) throw new Error('the tree did not verify');
  if (turn >= 0) milliseconds.push(performance.now() - started);
}
console.log(JSON.stringify(milliseconds));
