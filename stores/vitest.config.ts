import { defineConfig } from 'vitest/config';
import shared from '../vitest.config.ts';

// The same as for all other tests, for those that need a server; `npm run test:stores` starts it and says where it is.
export default defineConfig({
  ...shared,
  root: `${import.meta.dirname}/..`,
  test: { ...shared.test, include: ['stores/test/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
