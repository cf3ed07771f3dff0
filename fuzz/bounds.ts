/** What hostile files cost, each in a process of its own, against the bounds that are written down: docs/bounds.md. */
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { cases } from './bounds-cases.ts';
import { isRecord, type Outcome } from './lib/report.ts';

const program = fileURLToPath(new URL('bounds-cases.ts', import.meta.url));
const page = fileURLToPath(new URL('../docs/bounds.md', import.meta.url));

interface Taken {
  readonly code: string;
  readonly cpu: number;
  readonly wall: number;
  readonly memory: number;
}

function measure(name: string): Promise<Taken> {
  return new Promise((resolve, reject) => {
    const child = fork(program, [name], { execArgv: ['--conditions=@ragnos/source'] });
    child.on('message', (message) => {
      if (!isRecord(message)) return;
      const { code, cpu, wall, memory } = message;
      resolve({ code: String(code), cpu: Number(cpu), wall: Number(wall), memory: Number(memory) });
    });
    child.on('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
}

export async function bounds(writeDocs: boolean): Promise<Outcome> {
  const rows: string[] = [];
  const faults: string[] = [];
  for (const [name, { what, cpu, memory }] of Object.entries(cases)) {
    const taken = await measure(name);
    const over = taken.cpu > cpu || taken.memory > memory;
    if (over) faults.push(`OUT OF BOUNDS: ${name}: ${taken.cpu.toFixed(2)} s, ${taken.memory.toFixed(0)} MB`);
    const figures = [taken.cpu.toFixed(2), cpu, taken.wall.toFixed(2), taken.memory.toFixed(0), memory];
    rows.push(`| ${what} | ${taken.code === 'accepted' ? 'read' : taken.code} | ${figures.join(' | ')} |`);
  }
  const head =
    '| file | answer | CPU, s | bound | wall, s | peak, MB | bound |\n|---|---|---|---|---|---|---|';
  if (writeDocs) {
    const [before = '', rest = ''] = readFileSync(page, 'utf8').split('<!-- measured -->');
    const after = rest.split('<!-- end -->')[1] ?? '';
    const machine = `Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}).`;
    const measured = `<!-- measured -->\n\n${machine}\n\n${head}\n${rows.join('\n')}\n\n<!-- end -->`;
    writeFileSync(page, `${before}${measured}${after}`);
  }
  return { lines: [head, ...rows, ...faults], good: faults.length === 0 };
}
