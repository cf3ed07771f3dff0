/** A plugin may end itself, by whatever signal, and hear its own; no signal of it reaches another process. */
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { errors, node24, sandboxed, start, text, tree } from './support.ts';

// Signal 0 only asks whether it could be sent: a guard that fails costs nobody anything.
const code = `
const [victim, signal] = process.argv.slice(2);
const others = { parent: process.ppid, init: 1, group: 0, ownGroup: -process.pid, everybody: -1, victim: Number(victim) };
const said = {};
for (const how of ['kill', '_kill'])
  for (const [name, pid] of Object.entries(others))
    try { const code = process[how](pid, 0); said[how + ' ' + name] = code === true || code === 0 ? 'sent' : code; }
    catch (error) { said[how + ' ' + name] = error.code; }
process.once('SIGUSR2', () => {
  process.kill(process.pid, 'SIGUSR1');
  console.log(JSON.stringify(said));
  setTimeout(() => process.kill(process.pid, signal), 200);
});
setTimeout(() => console.log('still here'), 10_000);
process.kill(process.pid, 'SIGUSR2');
`;

const nodes = [
  ['Node 26', process.execPath],
  ['Node 24', node24],
] as const;

for (const [version, node = ''] of nodes)
  describe.skipIf(node === '')(`on ${version}`, () => {
    async function ended(mode: 'process' | 'sandbox', signal: NodeJS.Signals) {
      const plugin = await start({
        ...tree({ 'main.mjs': code }),
        mode,
        node,
        args: [String(process.pid), signal],
      });
      const [said, exit] = await Promise.all([text(plugin.stdout), plugin.exited]);
      const number = exit.signal === null ? (exit.code ?? 0) - 128 : constants.signals[exit.signal];
      const answer: unknown = JSON.parse(said);
      const tried: readonly (readonly [string, unknown])[] =
        typeof answer === 'object' && answer !== null ? Object.entries(answer) : [];
      expect(errors.get(plugin) ?? '').not.toContain('Debugger listening'); // which SIGUSR1 asks for
      return { tried, number };
    }

    test.for(['SIGTERM', 'SIGKILL', 'SIGINT'] as const)(
      'in mode process it ends itself by %s, and reaches nobody else',
      { timeout: 30_000 },
      async (signal) => {
        const { tried, number } = await ended('process', signal);
        expect(number).toBe(constants.signals[signal]);
        expect(tried).toHaveLength(12);
        expect(tried.filter(([, how]) => how !== 'ERR_ACCESS_DENIED')).toEqual([]);
      },
    );

    test.runIf(sandboxed)(
      'in a sandbox it ends itself, and whom it could signal is in there with it',
      { timeout: 30_000 },
      async () => {
        const { tried, number } = await ended('sandbox', 'SIGTERM');
        expect(number).toBe(constants.signals.SIGTERM);
        const { ESRCH } = constants.errno;
        const victim = tried.filter(([name]) => name.endsWith(' victim')).map(([, how]) => how);
        expect(victim).toEqual(['ESRCH', -ESRCH]);
      },
    );
  });
