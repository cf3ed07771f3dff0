import { denied, replace } from './denied.ts';
import { builtIn, objectOf } from './objects.ts';
import {
  addressOf,
  call,
  dictionary,
  get,
  make,
  named,
  ownKeys,
  whenConstructed,
  type Dictionary,
} from './primordials.ts';
import { setupKey, type Setup } from './setup.ts';

/** What a thread may be told; flags of its own it may not have, or it would be one without our preload. */
const options =
  `argv stdin stdout stderr workerData trackUnmanagedFds transferList resourceLimits name eval`.split(' ');

/** Threads begin with our preload and with what the host said. */
export function guardWorkers(setup: Setup): void {
  const threads = builtIn('worker_threads');
  const Worker: unknown = get(threads, 'Worker');
  if (typeof Worker !== 'function') return;
  const guarded = whenConstructed(Worker, (args, newTarget) => {
    const file = fileOf(args[0]);
    if (!setup.worker) throw denied('worker', named(args[0]));
    const plain = copyOf(objectOf(args[1]));
    if (plain['eval'] !== undefined && !setup.eval) throw denied('eval', 'a worker from text');
    return make(Worker, [file, plain], newTarget);
  });
  replace(threads, 'Worker', guarded);
  replace(objectOf(get(Worker, 'prototype')), 'constructor', guarded);
  // By these a thread is told what its process was told.
  const read: unknown = get(threads, 'getEnvironmentData');
  const write: unknown = get(threads, 'setEnvironmentData');
  if (typeof read !== 'function' || typeof write !== 'function') return;
  replace(threads, 'getEnvironmentData', (key: unknown): unknown =>
    key === setupKey ? undefined : call(read, threads, [key]),
  );
  replace(threads, 'setEnvironmentData', (key: unknown, value: unknown): void => {
    if (key === setupKey) throw denied('worker', setupKey);
    call(write, threads, [key, value]);
  });
}

function fileOf(file: unknown): unknown {
  return typeof file === 'object' && file !== null ? addressOf(file) : file;
}

function copyOf(given: object): Dictionary<unknown> {
  const copy = dictionary<unknown>();
  for (let at = 0; at < options.length; at++) {
    const name = options[at] ?? '';
    const value: unknown = get(given, name);
    if (value !== undefined && value !== false) copy[name] = value;
  }
  const env: unknown = get(given, 'env');
  if (env !== undefined) copy['env'] = typeof env === 'object' && env !== null ? variables(env) : env;
  return copy;
}

/** `NODE_OPTIONS` are flags too. */
function variables(env: object): Dictionary<unknown> {
  const copy = dictionary<unknown>();
  const keys = ownKeys(env);
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    if (typeof key === 'string' && key !== 'NODE_OPTIONS') copy[key] = get(env, key);
  }
  return copy;
}
