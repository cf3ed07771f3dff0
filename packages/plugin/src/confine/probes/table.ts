import type { Mode } from '../grant.ts';

/** The words of the capability manifest, and what no manifest can grant. */
export type ProbedCapability =
  | 'fs.read'
  | 'fs.write'
  | 'net.connect'
  | 'exec'
  | 'worker'
  | 'native'
  | 'eval'
  | 'code' // only signed code runs
  | 'env'
  | 'processes' // of the host
  | 'identity' // who the user is, and where
  | 'limits';

export interface Probe {
  readonly id: string;
  readonly capability: ProbedCapability;
  /** Where it is known to get through, and why nothing better is to be had there. Nowhere else. */
  readonly open?: Partial<Record<ProbedPlace, string>>;
  /** It has to succeed in this, or it proves nothing: a plain child process where `trusted` stops it too. */
  readonly control: 'trusted' | 'bare';
  /** Where it is stopped it cannot answer: its process is ended, for this reason, which is its evidence. */
  readonly endedBy?: 'CPU_LIMIT' | 'MEMORY_LIMIT';
}

/** A mode; `process` depends on what the permissions of a Node version know. */
export type ProbedPlace = Exclude<Mode, 'process'> | 'process on Node 24' | 'process on Node 26';

const bare: ReadonlySet<string> = new Set(
  'import-changed import-added require-changed tell-environment cpu-loop memory-bomb'.split(' '),
);

const ends: ReadonlyMap<string, Probe['endedBy']> = new Map([
  ['cpu-loop', 'CPU_LIMIT'],
  ['memory-bomb', 'MEMORY_LIMIT'],
]);

const link = 'Node follows a link that lies in a granted folder';
const inProcess = (why: string): Probe['open'] => ({ 'process on Node 24': why, 'process on Node 26': why });

const open: ReadonlyMap<string, Probe['open']> = new Map([
  ['read-link', inProcess(link)],
  ['write-link', inProcess(link)],
]);

const ids: readonly (readonly [ProbedCapability, string])[] = [
  [
    'fs.read',
    `read-outside read-promise read-blob read-list read-dotdot read-encoded read-buffer-path read-sibling read-link
    read-made-symlink read-made-hardlink read-proc-root read-proc-environ read-proc-arguments read-proc-cwd read-proc-fd
    read-proc-memory read-sqlite read-sqlite-exchanged`,
  ],
  [
    'fs.write',
    `write-outside write-append write-mkdir write-tree write-rename write-link write-sqlite write-sqlite-exchanged write-report
    write-compile-cache write-heap-snapshot`,
  ],
  [
    'net.connect',
    `net-tcp net-socket net-stdin-class net-binding net-unix net-abstract net-udp net-dns net-http net-http2
    net-fetch net-websocket net-listen net-private-name net-decimal-address net-mapped-address net-redirect net-method
    net-method-tunnel`,
  ],
  ['exec', 'spawn spawn-shell spawn-class fork spawn-binding execve'],
  ['worker', 'worker-thread worker-flags worker-text'],
  ['native', 'native-library wasi'],
  [
    'eval',
    'eval function async-function generator-function vm-context vm-script vm-new-context vm-function module-compile module-wrapper import-data engine-flags engine-flags-exchanged',
  ],
  [
    'code',
    `import-outside import-unsigned import-link require-unsigned import-changed import-added require-changed
    module-extension module-hooks module-hooks-named module-register get-built-in binding inspector-open inspector-session`,
  ],
  ['env', 'tell-environment'],
  ['processes', 'signal-debugger signal-debug-process signal-internal signal priority'],
  ['identity', 'tell-user tell-user-exchanged tell-home tell-host tell-interfaces tell-report'],
  ['limits', 'cpu-loop memory-bomb'],
];

/** Every probe with what is expected of it: stopped, except where it says why not. */
export const probes: readonly Probe[] = ids.flatMap(([capability, text]) =>
  text.split(/\s+/).map((id): Probe => {
    const known = open.get(id);
    const control = bare.has(id) ? 'bare' : 'trusted';
    const endedBy = ends.get(id);
    return {
      id,
      capability,
      control,
      ...(known !== undefined && { open: known }),
      ...(endedBy !== undefined && { endedBy }),
    };
  }),
);

export const probedCapabilities: readonly ProbedCapability[] = ids.map(([name]) => name);
