/** The floor of verification: reads every file below a folder once and hashes it. Arguments: times, folder. */
import { hash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [times, folder] = process.argv.slice(2);
const milliseconds = [];
for (let turn = -1; turn < Number(times); turn++) {
  const started = performance.now();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) hash('sha256', readFileSync(join(entry.parentPath, entry.name)));
  if (turn >= 0) milliseconds.push(performance.now() - started);
}
console.log(JSON.stringify(milliseconds));
