import type { Fault, Finding } from '@ragnos/repository';
import { exitCodes } from '../exit-codes.ts';

/** The worst first: what is not trusted matters more than what has expired, and so on down the exit codes. */
const order: readonly Fault[] = [
  'untrusted',
  'expired',
  'notFound',
  'unreachable',
  'unauthorised',
  'refused',
];

/** Errors: the exit code of the worst. Only warnings: 0, or with `strict` 10. */
export function verdict(findings: readonly Finding[], strict: boolean): number {
  const faults = new Set(findings.filter(({ severity }) => severity === 'error').map(({ fault }) => fault));
  const worst = order.find((fault) => faults.has(fault));
  if (worst !== undefined) return exitCodes[worst][0];
  const warned = findings.some(({ severity }) => severity === 'warning');
  return warned && strict ? exitCodes.refused[0] : exitCodes.ok[0];
}
