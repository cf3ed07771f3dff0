import { denied, refuse, replace } from './denied.ts';
import { builtIn, objectOf } from './objects.ts';
import {
  addressOf,
  call,
  defineProperty,
  dictionary,
  get,
  make,
  named,
  ownKeys,
  standIn,
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
  const construct = (_: unknown, args: readonly unknown[], newTarget: unknown): object => {
    const file = fileOf(args[0]);
    if (!setup.worker) throw denied('worker', named(args[0]));
    const plain = copyOf(objectOf(args[1]));
    if (plain['eval'] !== undefined && !setup.eval) throw denied('eval', 'a worker from text');
    return make(Worker, [file, plain], newTarget);
  };
  const guarded = standIn(Worker, 'construct', construct);
  if (setup.worker) hideInside(Worker);
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

/**
 * A thread's handle is a member of it, and has a class that makes others, past all of this. So one is made that cannot
 * start, for its class to be hidden before anybody else sees it.
 */
function hideInside(Worker: object): void {
  const prototype = objectOf(get(Worker, 'prototype'));
  const seen = dictionary<object>();
  const set = (_: unknown, key: string | symbol, value: unknown, receiver: object): boolean => {
    if (typeof value === 'object' && value !== null && 'startThread' in value) seen['handle'] = value;
    else if (typeof value === 'object' && value !== null && 'postMessage' in value)
      seen[seen['port'] === undefined ? 'port' : 'other'] = value;
    return define(receiver, key, value);
  };
  function Made(): void {}
  define(Made, 'prototype', standIn(prototype, 'set', set));
  const options = dictionary<unknown>();
  options['eval'] = true;
  options['workerData'] = Made; // no function can be sent
  try {
    make(Worker, ['', options], Made);
  } catch {
    // as it should
  }
  close(seen['port']);
  close(seen['other']);
  const inside = objectOf(get(seen['handle'] ?? {}, 'constructor'));
  const hidden = objectOf(get(inside, 'prototype'));
  replace(hidden, 'constructor', refuse('worker', 'the class of a handle'));
}

function define(target: object, key: string | symbol, value: unknown): boolean {
  const descriptor = dictionary<unknown>();
  descriptor['value'] = value;
  descriptor['writable'] = true;
  if (typeof target !== 'function') descriptor['configurable'] = true;
  return defineProperty(target, key, descriptor);
}

function close(port: object | undefined): void {
  if (port !== undefined) call(get(port, 'close'), port, []);
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
