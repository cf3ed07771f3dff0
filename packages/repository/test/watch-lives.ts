import type { Lifetimes } from '@ragnos/repository';

/** Seconds: short enough to see several lives within a test. */
export const shortLives: Lifetimes = {
  root: 3600,
  targets: 3600,
  delegated: 3600,
  snapshot: 24,
  timestamp: 8,
};
