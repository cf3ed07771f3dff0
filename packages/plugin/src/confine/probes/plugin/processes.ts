import nodeModule from 'node:module';
import type { Worker } from 'node:worker_threads';
import type os from 'node:os';
import { type Attempts, exchanged, own, use } from './target.ts';

const touch = (file: string): string => `require('fs').writeFileSync(${JSON.stringify(file)}, '')`;

async function fromWorker(
  source: string,
  options: ConstructorParameters<typeof Worker>[1],
): Promise<unknown> {
  const worker = new use.threads.Worker(
    new URL(`data:text/javascript,${encodeURIComponent(source)}`),
    options,
  );
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

const readInWorker = (file: string): string =>
  `import fs from 'node:fs'; import { parentPort } from 'node:worker_threads'; parentPort.postMessage(fs.readFileSync(${JSON.stringify(file)}, 'utf8'))`;

/** As much of WebAssembly as is used here; Node's types leave it to the browser's. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly memory: { readonly buffer: ArrayBuffer } } };
}

export const processAttempts: Attempts = {
  spawn: ({ outside }, id) => use.childProcess.spawnSync('/bin/sh', ['-c', `: > ${outside}/${id}`]).status,
  'spawn-shell': ({ outside }, id) => use.childProcess.execSync(`: > ${outside}/${id}`),
  'spawn-class': async ({ outside }, id) =>
    new Promise((resolve, reject) => {
      const child = new use.childProcess.ChildProcess();
      child.once('exit', resolve).once('error', reject);
      const spawn: unknown = Reflect.get(child, 'spawn');
      const options = {
        file: '/bin/sh',
        args: ['sh', '-c', `: > ${outside}/${id}`],
        stdio: 'ignore',
        envPairs: [],
      };
      Reflect.apply(spawn as (options: object) => void, child, [options]);
    }),
  fork: async () =>
    new Promise((resolve, reject) => {
      const child = use.childProcess.fork(`${own}/main.js`, { execArgv: [], silent: true });
      child.once('error', reject);
      child.once('spawn', () => resolve(child.kill() && 'forked'));
    }),
  'spawn-binding': ({ outside }, id) => {
    const bindings: unknown = Reflect.get(process, 'binding');
    const { spawn } = Reflect.apply(
      bindings as (name: string) => { spawn: (options: object) => unknown },
      process,
      ['spawn_sync'],
    );
    const args = ['sh', '-c', `: > ${outside}/${id}`];
    return JSON.stringify(spawn({ file: '/bin/sh', args, envPairs: [], stdio: [] }));
  },
  'worker-thread': async ({ outside }) => fromWorker(readInWorker(`${outside}/secret.txt`), {}),
  'worker-flags': async ({ outside }) =>
    fromWorker(readInWorker(`${outside}/secret.txt`), { execArgv: [], env: {} }),
  'worker-text': async ({ outside }, id) =>
    new Promise((resolve, reject) => {
      const worker = new use.threads.Worker(touch(`${outside}/${id}`), { eval: true });
      worker.once('exit', resolve).once('error', reject);
    }),
  'native-library': ({ library, secret }) => {
    try {
      process.dlopen({ exports: {} }, library);
    } catch (error) {
      // Loaded and run by the system's loader; it only is no module of Node.
      if (error instanceof Error && error.message.includes('self-register')) return secret;
      throw error;
    }
    return secret;
  },
  wasi: ({ outside, secret }) => {
    const { WASI } = use.wasi;
    const wasi = new WASI({ version: 'preview1', preopens: { '/o': outside }, returnOnExit: true });
    const bytes = Uint8Array.from(
      '0061736d010000000503010001070a01066d656d6f72790200'.match(/../g) ?? [],
      (byte) => Number.parseInt(byte, 16),
    );
    const engine = Reflect.get(globalThis, 'WebAssembly') as Engine;
    const instance = new engine.Instance(new engine.Module(bytes), {});
    wasi.initialize(instance);
    const { memory } = instance.exports;
    const name = Buffer.from('secret.txt');
    new Uint8Array(memory.buffer).set(name, 64);
    const call = (member: string, ...args: readonly (number | bigint)[]): number =>
      Reflect.apply(Reflect.get(wasi.wasiImport, member) as (...all: unknown[]) => number, undefined, args);
    call('path_open', 3, 0, 64, name.length, 0, 2n, 0n, 0, 0);
    const view = new DataView(memory.buffer);
    const fd = view.getUint32(0, true);
    view.setUint32(16, 256, true);
    view.setUint32(20, 100, true);
    call('fd_read', fd, 16, 1, 24);
    return Buffer.from(memory.buffer, 256, 100).includes(secret) ? secret : '';
  },
  'signal-debugger': ({ victim }) => process.kill(victim, 'SIGUSR1'),
  'signal-debug-process': ({ victim }) => {
    const debug: unknown = Reflect.get(process, '_debugProcess');
    Reflect.apply(debug as (pid: number) => void, process, [victim]);
  },
  'signal-internal': ({ victim }) => {
    const kill: unknown = Reflect.get(process, '_kill');
    return Reflect.apply(kill as (pid: number, signal: number) => number, process, [victim, 12]);
  },
  signal: ({ victim }) => process.kill(victim, 'SIGUSR2'),
  priority: ({ victim, secret }) => {
    use.os.setPriority(victim, 5);
    return use.os.getPriority(victim) === 5 ? secret : '';
  },
  'tell-user': () => `user:${use.os.userInfo().username}:`,
  'tell-user-exchanged': async () => {
    const name = ['node', 'os'].join(':');
    const { userInfo } = await exchanged(
      Object,
      'defineProperty',
      () => ({}),
      async () =>
        exchanged(
          nodeModule,
          'syncBuiltinESMExports',
          () => undefined,
          async () => import(name) as Promise<typeof os>,
        ),
    );
    return `user:${userInfo().username}:`;
  },
  'tell-home': () => `home:${use.os.homedir()}:`,
  'tell-host': () => `host:${use.os.hostname()}:`,
  'tell-interfaces': () => JSON.stringify(use.os.networkInterfaces()),
  'tell-report': () => JSON.stringify(process.report.getReport()),
  'tell-environment': () => JSON.stringify(process.env),
  execve: ({ outside }, id) => {
    process.execve?.('/bin/sh', ['sh', '-c', `: > ${outside}/${id}`], {});
  },
};

/** Run in processes of their own, because they end them; `reached` is printed by one that nobody stopped. */
export const resourceAttempts: Attempts = {
  'cpu-loop': () => {
    const end = Date.now() + 15_000;
    while (process.cpuUsage().user < 4_000_000 && Date.now() < end);
    return 'reached';
  },
  'memory-bomb': async () => {
    const held: Buffer[] = [];
    while (held.length < 28) {
      held.push(Buffer.alloc(16 * 1024 * 1024, 1));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return 'reached';
  },
};
