/** How the cost of a cold refresh grows with the targets of one role; drawn into docs/growth.svg by --write-docs. */
import { setUpClients } from '../lib/clients.ts';
import type { Line } from '../lib/chart.ts';
import { cpuLimit } from '../lib/measure.ts';
import type { Answer, Row } from '../lib/table.ts';
import { onRepository } from './client.ts';

const counts = [1_000, 10_000, 100_000, 300_000] as const;

export async function growth(times: number): Promise<readonly Answer[]> {
  const { clients } = await setUpClients();
  const lines = new Map<string, [number, number][]>(clients.map(({ name }) => [name, []]));
  let asked = clients;
  for (const count of counts) {
    const { cold } = await onRepository({ count }, asked, times, ['cold']);
    for (const { name } of asked) {
      const cpu = cold.get(name)?.cpu ?? Number.NaN;
      if (cpu < cpuLimit) lines.get(name)?.push([count, cpu]);
    }
    // What takes half of the limit now does not get through ten times as much.
    asked = asked.filter(({ name }) => (cold.get(name)?.cpu ?? Number.NaN) < cpuLimit / 4);
  }
  const rows: Row[] = [...lines].map(([name, points]) => ({
    name,
    cells: Object.fromEntries(
      counts.map((count) => [count.toLocaleString('en'), points.find(([at]) => at === count)?.[1] ?? '–']),
    ),
  }));
  const drawn: Line[] = [...lines].map(([name, points]) => ({ name, points }));
  return [
    {
      question: 'Growth: CPU seconds of a cold refresh, look-up and download, by targets in one role',
      rows,
      notes: [`–: more than ${cpuLimit} s, or beyond what it reads, or not tried any more`],
      chart: {
        file: 'growth.svg',
        title: 'Cold refresh, look-up, download',
        x: 'targets in one role',
        y: 'CPU of the whole process, s',
        lines: drawn,
      },
    },
  ];
}
