/** A host that starts two plugins, one that loops, and waits to be killed. */
import { nothingGranted, type Mode } from '../../../src/confine/grant.ts';
import { startConfined } from '../../../src/confine/start.ts';

const [mode = '', folder = '', files = '[]', mark = ''] = process.argv.slice(2);
for (const entry of ['main.mjs', 'idle.mjs'])
  await startConfined({
    mode: mode as Mode,
    runtime: 'node',
    folder,
    entry,
    args: [mark],
    files: new Map(JSON.parse(files) as [string, string][]),
    grant: nothingGranted,
  });
process.stdout.write('up');
setInterval(() => undefined, 1000);
