import { readSync, writeSync } from 'node:fs';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { controlBytes, encodeFrame, FrameDecoder } from './frames.ts';
import { controlLane } from './lanes.ts';

/** What the host tells the preload, as the first frame of the channel. All paths are as the process sees them. */
export interface Setup {
  /** The plugin's tree, and its files with their sha256. */
  readonly root: string;
  readonly files: readonly (readonly [path: string, sha256: string])[];
  readonly entry: string;
  /** Our module that runs in the plugin's place, or null. */
  readonly runner: string | null;
  /** A program to start behind the relay instead of a plugin in this process, or null. */
  readonly command: readonly string[] | null;
  /** Folders of ours: the preload's and the runner's. */
  readonly ours: readonly string[];
  /** `false` in mode `trusted`: only the digests are checked. */
  readonly confined: boolean;
  /** Whether the operating system holds it as well. */
  readonly osLayer: boolean;
  readonly compute: boolean;
  /** Whether the broker may be asked for anything. */
  readonly connect: boolean;
  readonly exec: readonly string[];
  readonly native: boolean;
  readonly worker: boolean;
  readonly eval: boolean;
  readonly messageBytes: number;
  readonly unreadBytes: number;
}

/** The descriptor of the private channel. */
export const channelFd = 3;
/** By which threads find it. */
export const setupKey = 'ragv.setup';

/** Says that we are there, and blocks until the host's first frame is; a worker gets what its process was told. */
export function readSetup(): Setup {
  const setup = isMainThread ? readFirstFrame() : getEnvironmentData(setupKey);
  if (!isSetup(setup)) throw new Error('started without its host');
  // A copy, which nobody has a hand on, kept only where there may be threads: it is as long as the list of files.
  if (isMainThread && (setup.worker || !setup.confined))
    setEnvironmentData(setupKey, { ...setup, files: [...setup.files], ours: [...setup.ours] });
  return setup;
}

function readFirstFrame(): unknown {
  writeSync(channelFd, encodeFrame(controlLane, { here: 1 }, null, controlBytes));
  const length = readExactly(4);
  const rest = readExactly(length.readUInt32LE(0));
  for (const frame of new FrameDecoder(0xffff_ffff).push(Buffer.concat([length, rest]))) return frame.value;
  return null;
}

function readExactly(length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let read = 0; read < length;) {
    const count = readSync(channelFd, buffer, read, length - read, null);
    if (count === 0) throw new Error('the host closed the channel');
    read += count;
  }
  return buffer;
}

function isSetup(value: unknown): value is Setup {
  return (
    typeof value === 'object' && value !== null && 'root' in value && 'files' in value && 'ours' in value
  );
}
