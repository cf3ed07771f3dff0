import { defineConfig } from 'vitest/config';

// Tests run on the sources, not on a build that may be stale; child processes need the flag themselves.
const conditions = ['@ragnos/source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    environment: 'node',
    include: [
      'packages/*/test/**/*.test.ts',
      'scripts/**/*.test.ts',
      'conformance/test/**/*.test.ts',
      'interop/test/*.test.ts',
    ],
    globals: false,
    globalSetup: ['./scripts/temporary-folder.ts'],
    pool: 'forks', // tests change directory, umask and environment, which threads share
    maxWorkers: 2,
    execArgv: ['--conditions=@ragnos/source'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
