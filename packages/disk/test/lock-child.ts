// Holds, or increments a counter under, a lock that another process wants too. Arguments: mode, lock, counter, rounds.
import { lockFile } from '@ragnos/disk';
import { readFileSync, writeFileSync } from 'node:fs';

const [mode, path = '', counter = '', rounds = '0'] = process.argv.slice(2);
if (mode === 'hold' || mode === 'share') {
  const lock = await lockFile(path, { shared: mode === 'share' });
  process.send?.('held');
  setInterval(() => lock, 1000); // what nobody refers to may be collected, and frees the lock then
} else {
  for (let i = 0; i < Number(rounds); i++) {
    const lock = await lockFile(path);
    const value = Number(readFileSync(counter, 'utf8'));
    await new Promise((resolve) => setImmediate(resolve)); // where a lock that does not hold loses an update
    writeFileSync(counter, String(value + 1));
    lock.release();
  }
}
