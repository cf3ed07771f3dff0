// Runs in a process of its own: installs, and dies (SIGKILL) right after the step named.
import { openHost } from '@ragnos/plugin';

const [home = '', project = '', now = '', spec = '', die = '', grant = ''] = process.argv.slice(2);
try {
  const host = await openHost({
    home,
    project,
    now: () => new Date(now),
    startCheck: async () => {
      if (die === 'checking') process.kill(process.pid, 'SIGKILL');
    },
    step: (name) => {
      if (name === die) process.kill(process.pid, 'SIGKILL');
    },
  });
  const agreed = grant === 'all' ? ({ granted: 'all', by: 'flag' } as const) : undefined;
  console.log(JSON.stringify(await host.install(spec, { grant: agreed, startFirst: die === 'checking' })));
} catch (error) {
  console.log(
    JSON.stringify({ code: error instanceof Error && 'code' in error ? error.code : String(error) }),
  );
  process.exitCode = 1;
}
