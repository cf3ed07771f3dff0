import type { Setup } from './setup.ts';
export function guardNetwork(_setup: Setup): void {}
