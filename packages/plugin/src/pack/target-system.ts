import { PackError } from '../errors.ts';

export interface TargetSystem {
  readonly os: string;
  readonly cpu: string;
  /** Absent: it does not matter, or nobody said. */
  readonly libc: string | undefined;
}

/** The one system that `--target` names. @throws PackError `BAD_TARGET_SYSTEM` */
export function targetSystem(target: string): TargetSystem {
  const [, os, cpu, libc] = /^(linux|darwin|win32)-(x64|arm64)(?:-(glibc|musl))?$/.exec(target) ?? [];
  if (os !== undefined && cpu !== undefined) return { os, cpu, libc };
  throw new PackError('BAD_TARGET_SYSTEM', `unknown target system ${JSON.stringify(target)}`, {
    hint: 'write linux-x64, linux-arm64-musl, darwin-arm64 or win32-x64',
  });
}
