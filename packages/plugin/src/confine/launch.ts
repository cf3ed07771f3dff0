import type { Mode } from './grant.ts';
import { channelFd, type Setup } from './preload/setup.ts';

/** Where a sandbox on Linux has the tree. */
export const sandboxRoot = '/plugin';

/** Where bubblewrap says it. The one before is the channel. */
export const reportFd = channelFd + 1;

/** Where its process sees the tree that lies in `folder`. */
export function treeSeenAt(mode: Mode, folder: string): string {
  const layered = mode === 'sandbox' || mode === 'compute';
  return layered && process.platform === 'linux' ? sandboxRoot : folder;
}

/** How a process is started: ready for `spawn`, with what the preload is to be told. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** `null`: nothing of ours runs inside, so nothing is told. */
  readonly setup: Setup | null;
  /** Whether it says on the channel that it is there, and does nothing until it is told to go on. */
  readonly waits: boolean;
  /** Whether killing the outermost process ends everything below it. */
  readonly ownProcesses: boolean;
  /** Whether it is bubblewrap, and says on `reportFd` which process it has made. */
  readonly reports: boolean;
  /** Whether it can start processes that are held together. */
  readonly forks: boolean;
  /** Memory of what we run beside the plugin. */
  readonly overheadBytes: number;
}
