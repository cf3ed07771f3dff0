// A host that starts a plugin twelve times, and is killed meanwhile: folder, mode, runtime, argument; one file, of that digest.
import { setTimeout as wait } from 'node:timers/promises';
import { nothingGranted } from '../../src/confine/grant.ts';
import { startConfined } from '../../src/confine/start.ts';

const [folder = '', digest = '', mode, runtime, argument = ''] = process.argv.slice(2);
console.log('starting');
for (let number = 0; number < 12; number++) {
  void startConfined({
    folder,
    files: new Map([['main', digest]]),
    entry: 'main',
    mode: mode === 'sandbox' ? mode : mode === 'process' ? mode : 'trusted',
    runtime: runtime === 'node' ? 'node' : 'executable',
    grant: nothingGranted,
    args: [argument],
  });
  await wait(1);
}
