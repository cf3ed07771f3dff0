/** Whole publishes and whole installs in two layouts of a vendor with many plugins: its role in bins, or one delegated role per plugin. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from '../lib/measure.ts';
import { program } from '../lib/packages.ts';
import { workFolder } from '../lib/work.ts';
import type { Answer, Row } from '../lib/table.ts';

const versions = 10;
/** Plugins of the vendor, and the bits of its bins that `bestBits` takes for 21 targets each. */
const sizes: readonly (readonly [plugins: number, bits: number])[] = [
  [300, 6],
  [1000, 7],
  [3000, 8],
];
const layouts = ['bins', 'roles'] as const;
type Layout = (typeof layouts)[number];
const nameOf: Readonly<Record<Layout, string>> = { bins: 'one role in bins', roles: 'one role per plugin' };

export async function layout(times: number): Promise<readonly Answer[]> {
  const work = await workFolder('layout');
  const rows: Row[] = [];
  const lines = new Map<string, [number, number][]>();
  for (const [plugins, bits] of sizes)
    for (const kind of layouts) {
      const folder = join(work, `${plugins}-${kind}`);
      await mkdir(folder);
      const published = await report('layout.mjs', [folder, plugins, versions, kind, bits, times * 4]);
      const installed = await report('layout-client.mjs', [folder, plugins, versions, times * 4]);
      rows.push({
        name: `${plugins.toLocaleString('en')} plugins, ${nameOf[kind]}`,
        cells: {
          'publish p50 ms': median(published.ms),
          'metadata written kB': published.metadata / 1000,
          'install p50 ms': median(installed.ms),
          'metadata fetched kB': installed.metadata / 1000,
        },
      });
      add(`publish, ${kind}`, plugins, published.metadata);
      add(`install, ${kind}`, plugins, installed.metadata);
    }
  return [
    {
      question: `A vendor's plugins of ${versions} versions each: publish one more version, install from nothing`,
      rows,
      notes: [
        'a version is three targets: archive, manifest and index; with the audit log off, so that only the layout differs',
        'install: a host that has the root alone fetches all metadata that it needs, and reads the three targets',
        'one role per plugin writes a snapshot and makes hosts fetch a delegating role that grow with all plugins; bins grow with the square root',
      ],
      chart: {
        file: 'layout.svg',
        title: 'Metadata of one publish and one cold install',
        x: 'plugins of the vendor',
        y: 'kB',
        lines: [...lines].map(([name, points]) => ({ name, points })),
      },
    },
  ];
  function add(name: string, plugins: number, bytes: number): void {
    lines.set(name, [...(lines.get(name) ?? []), [plugins, bytes / 1000]]);
  }
}

interface Reported {
  readonly ms: readonly number[];
  readonly metadata: number;
}

async function report(name: string, args: readonly (string | number)[]): Promise<Reported> {
  const { stdout } = await promisify(execFile)(process.execPath, [program(name), ...args.map(String)], {
    maxBuffer: 1e8,
  });
  const answer: unknown = JSON.parse(stdout.split('\n')[0] ?? '');
  if (typeof answer !== 'object' || answer === null || !('ms' in answer) || !('metadata' in answer))
    throw new Error(`${name} printed no figures`);
  if (!Array.isArray(answer.ms)) throw new Error(`${name} printed no times`);
  return { ms: answer.ms.map(Number), metadata: Number(answer.metadata) };
}
