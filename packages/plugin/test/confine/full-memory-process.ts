// Runs in a process of its own whose /dev/shm is small: fills it when the copy is about to be made, and says what became of the start.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { nothingGranted } from '../../src/confine/grant.ts';
import { startConfined } from '../../src/confine/start.ts';

const [folder = ''] = process.argv.slice(2);
const files = { 'main.mjs': `console.log('up');`, 'data.bin': 'x'.repeat(200_000) };
for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
try {
  const plugin = await startConfined({
    folder,
    files: new Map(Object.entries(files).map(([name, text]) => [name, digest(text)])),
    mode: 'sandbox',
    runtime: 'node',
    entry: 'main.mjs',
    grant: nothingGranted,
    verify: async () => {
      try {
        for (let at = 0; ; at++) writeFileSync(path.join('/dev/shm', `filler-${at}`), Buffer.alloc(100_000));
      } catch {
        return; // full
      }
    },
  });
  for await (const text of plugin.stdout) console.log(String(text).trim());
  await plugin.exited;
} catch (error) {
  console.log(String(error));
}
