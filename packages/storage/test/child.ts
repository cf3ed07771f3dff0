// Run by the tests as a process of its own: `node child.ts <what> <path> …`.
import { setTimeout as sleep } from 'node:timers/promises';
import { fsStorage, lockFile, putOnce, read, storageKey } from '@ragnos/storage';

const [what, path = '', count = '0', name = ''] = process.argv.slice(2);
const key = storageKey('metadata/timestamp.json');

if (what === 'hold') {
  const lock = await lockFile(path);
  process.stdout.write('held\n');
  await sleep(60_000);
  lock.release(); // named here, or the collector would release it before
}

// Appends its own lines to one object, each by compare-and-swap.
if (what === 'append') {
  const storage = fsStorage({ root: path });
  for (let i = 0; i < Number(count); i++) {
    for (let done = false; !done;) {
      const found = await read(storage, key, { maxLength: 1_000_000 });
      const bytes = Buffer.concat([found?.bytes ?? Buffer.of(), Buffer.from(`${name} ${i}\n`)]);
      done = (await storage.compareAndSwap(key, bytes, {}, found?.info.etag ?? null)).swapped;
    }
  }
}

// Writes whole files and swaps one until it is killed.
if (what === 'write') {
  const storage = fsStorage({ root: path });
  for (let i = 0; ; i++) {
    if (i === 1) process.stdout.write('first object written\n');
    const bytes = Buffer.alloc(200_000, `${name} ${i} `);
    await putOnce(storage, storageKey(`targets/${name}/${i}`), bytes);
    const head = await storage.head(key);
    await storage.compareAndSwap(key, bytes, {}, head?.etag ?? null);
  }
}
