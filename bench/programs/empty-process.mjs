// An empty Node process, from its start until it has ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const list = [];
for (let n = 0; n <= Number(process.argv[2]); n++) {
  const began = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(new URL('nothing.mjs', import.meta.url))], {
    stdio: 'ignore',
  });
  await once(child, 'exit');
  if (n > 0) list.push(performance.now() - began);
}
console.log(JSON.stringify(list));
