// A host that is sent SIGUSR1: starts the plugin that is named (folder, digest of its `main.mjs`, layer left out), if one is, and says
// where its inspector listens when SIGUSR2 asks.
import inspector from 'node:inspector';
import { nothingGranted } from '../../src/confine/grant.ts';
import { startConfined } from '../../src/confine/start.ts';

const [folder = '', digest = '', without = ''] = process.argv.slice(2);
process.on('SIGUSR2', () => process.stdout.write(`${inspector.url() ?? 'closed'}\n`));
if (folder !== '') {
  const { stdout, stderr } = await startConfined({
    mode: 'process',
    runtime: 'node',
    folder,
    entry: 'main.mjs',
    files: new Map([['main.mjs', digest]]),
    grant: nothingGranted,
    ...(without === 'guards' && { without: [without] }),
  });
  stdout.on('data', (said: Buffer) => process.stdout.write(said));
  stderr.resume();
} else process.stdout.write('nothing started\n');
setInterval(() => undefined, 1000);
