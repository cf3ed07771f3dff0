import type { CapabilityName } from '../items.ts';
import type { Load } from './loads.ts';

/** One use, where it stands. `value` null: which one cannot be told from the code. */
export interface Use {
  readonly capability: CapabilityName;
  readonly value: string | null;
  readonly offset: number;
  /** `child_process.spawn` */
  readonly what: string;
}

/** What needs no capability and is worth knowing: what confinement has to stop, since the code does not say what it does. */
export interface Remark {
  readonly kind: 'computed-module' | 'environment' | 'webassembly' | 'hidden-name';
  readonly offset: number;
  readonly what: string;
}

export interface FileUses {
  readonly uses: readonly Use[];
  readonly remarks: readonly Remark[];
  /** The other files that it names. */
  readonly loads: readonly Load[];
}
