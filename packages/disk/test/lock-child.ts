// Holds, or increments a counter under, a lock that another process wants too. Arguments: mode, lock, counter, rounds.
import { lockFile } from '@ragnos/disk';
import { readFileSync, writeFileSync } from 'node:fs';

const [mode, path = '', counter = '', rounds = '0'] = process.argv.slice(2);
if (mode === 'hold') {
  await lockFile(path);
  process.send?.('held');
  setInterval(() => undefined, 1000);
} else {
  for (let i = 0; i < Number(rounds); i++) {
    const lock = await lockFile(path);
    const value = Number(readFileSync(counter, 'utf8'));
    await new Promise((resolve) => setImmediate(resolve)); // where a lock that does not hold loses an update
    writeFileSync(counter, String(value + 1));
    lock.release();
  }
}
