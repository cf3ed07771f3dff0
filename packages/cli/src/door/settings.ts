import type { DoorSettings } from './admit.ts';
import { knownGates } from './gates.ts';

/** Of one operation. */
export function doorSettings(signal: AbortSignal): DoorSettings {
  return { gates: knownGates, signal, judged: new Map() };
}
