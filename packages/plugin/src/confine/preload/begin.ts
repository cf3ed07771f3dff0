import net from 'node:net';
import { pathToFileURL } from 'node:url';
import { isMainThread, threadId } from 'node:worker_threads';
import { guardBuiltIn } from './built-ins.ts';
import { reportTo } from './denied.ts';
import { callLane, type Channel, controlLane, Lanes } from './lanes.ts';
import { installLoader } from './loader.ts';
import { guardProcess } from './process-guards.ts';
import { Mux } from './mux.ts';
import { guardHandle } from './network.ts';
import { objectOf } from './objects.ts';
import { tunnelThrough } from './tunnel.ts';
import { channelFd, readSetup, type Setup } from './setup.ts';

/** What a runner's `runner` function is called with. */
export interface RunnerContext {
  readonly channel: Channel;
  /** The plugin's entry, loaded at the first call. */
  load(): Promise<object>;
  readonly args: readonly string[];
}

function openChannel(setup: Setup): { readonly lanes: Lanes; readonly socket: net.Socket } {
  const socket = new net.Socket({ fd: channelFd, readable: true, writable: true });
  const lanes = new Lanes(socket, setup);
  void lanes.closed.then(() => process.exit(0)); // without its host it has nothing to do
  return { lanes, socket };
}

/** In a thread there is no stream yet whose handle shows the class. Where Node refuses this, it refuses the rest too. */
function guardLocalSockets(): void {
  const make: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof make !== 'function' || process.platform !== 'linux') return;
  try {
    const handle: unknown = Reflect.apply(make, net, [`\0ragv-${process.pid}-${threadId}`, -1, -1]);
    if (typeof handle !== 'object' || handle === null) return;
    const close: unknown = Reflect.get(handle, 'close');
    if (typeof close === 'function') Reflect.apply(close, handle, []);
    guardHandle(handle);
  } catch {
    return;
  }
}

async function run(setup: Setup, file: string, channel: Channel, close: () => void): Promise<void> {
  const module: unknown = await import(pathToFileURL(file).href);
  const runner: unknown =
    typeof module === 'object' && module !== null ? Reflect.get(module, 'runner') : undefined;
  if (typeof runner !== 'function') throw new Error(`${file} exports no runner`);
  const entry = pathToFileURL(setup.entry).href;
  const load = async (): Promise<unknown> => import(entry);
  close();
  await Promise.resolve(Reflect.apply(runner, undefined, [{ channel, load, args: process.argv.slice(2) }]));
}

/** Puts what the host said into force; what it returns lets the plugin in. */
export function begin(): () => Promise<void> {
  const setup = readSetup();
  const confine = (): (() => void) => {
    if (setup.command !== null) return () => undefined;
    if (setup.confined) {
      guardProcess(setup);
      guardBuiltIn('net', setup);
      // Not when a plugin asks for them: it could see its own handles being made.
      if (setup.exec.length > 0) guardBuiltIn('child_process', setup);
      if (setup.worker) guardBuiltIn('worker_threads', setup);
    }
    return installLoader(setup);
  };
  if (!isMainThread) {
    if (setup.confined) guardLocalSockets();
    confine()();
    return async () => undefined;
  }
  const { lanes, socket } = openChannel(setup);
  const control = lanes.lane(controlLane);
  reportTo((capability, what) => void control.send({ denied: capability, what }));
  const mux = new Mux(control, (busy) => {
    if (setup.runner !== null) return;
    if (busy) socket.ref();
    else socket.unref();
  });
  if (setup.connect && setup.confined) tunnelThrough(mux);
  const terminate = process.kill.bind(process, process.pid, 'SIGTERM');
  control.onMessage((message) => {
    if (Reflect.has(objectOf(message.value), 'stop')) terminate();
    else mux.receive(message);
  });
  const close = confine();
  if (setup.confined && setup.command === null) guardHandle(Reflect.get(socket, '_handle'));
  return async () => {
    control.send({ ready: process.version });
    if (setup.command !== null) {
      const { relay } = await import('./relay.ts');
      process.exit(await relay(setup.command));
    }
    if (setup.runner === null) {
      close();
      socket.unref();
    } else await run(setup, setup.runner, lanes.lane(callLane), close);
  };
}
