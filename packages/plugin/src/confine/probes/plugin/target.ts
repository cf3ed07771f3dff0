import type childProcess from 'node:child_process';
import type dgram from 'node:dgram';
import type dns from 'node:dns';
import type fs from 'node:fs';
import type http from 'node:http';
import type http2 from 'node:http2';
import nodeModule from 'node:module';
import type net from 'node:net';
import type os from 'node:os';
import type v8 from 'node:v8';
import type vm from 'node:vm';
import type threads from 'node:worker_threads';
import type inspector from 'node:inspector';
import type sqlite from 'node:sqlite';
import type wasi from 'node:wasi';

const require = nodeModule.createRequire(import.meta.url);

/** The plugin's tree where the plugin sees it: in a sandbox it has another name than on the host. */
export const own = import.meta.dirname;

/** Node's modules, asked for where they are used: in a process that may not have one, the other attempts are still made. */
export const use = {
  get childProcess() {
    return require('node:child_process') as typeof childProcess;
  },
  get dgram() {
    return require('node:dgram') as typeof dgram;
  },
  get dns() {
    return require('node:dns') as typeof dns;
  },
  get fs() {
    return require('node:fs') as typeof fs;
  },
  get http() {
    return require('node:http') as typeof http;
  },
  get http2() {
    return require('node:http2') as typeof http2;
  },
  get net() {
    return require('node:net') as typeof net;
  },
  get os() {
    return require('node:os') as typeof os;
  },
  get v8() {
    return require('node:v8') as typeof v8;
  },
  get vm() {
    return require('node:vm') as typeof vm;
  },
  get threads() {
    return require('node:worker_threads') as typeof threads;
  },
  get inspector() {
    return require('node:inspector') as typeof inspector;
  },
  get sqlite() {
    return require('node:sqlite') as typeof sqlite;
  },
  get wasi() {
    return require('node:wasi') as typeof wasi;
  },
};

/** What an attempt is given to get at. */
export interface Target {
  /** Whoever can show it has read what it should not. */
  readonly secret: string;
  /** What it may come by: exported by `own.mjs`, in `sign.txt` of the granted folder, and what `getOnly` answers. */
  readonly sign: string;
  /** Not granted. Holds `secret.txt`, `secret.db`, `code.mjs`; what appears here was written from inside. */
  readonly outside: string;
  /** Beside the granted folder, with its name as a prefix. */
  readonly sibling: string;
  /** Granted for reading; `link` in it leads outside, `code.mjs` is code that nobody signed. */
  readonly granted: string;
  /** Granted for writing; `link` in it leads outside. */
  readonly data: string;
  /** On the host. */
  readonly tree: string;
  /** A process of the host's user that holds the secret in its environment, arguments and file 9. */
  readonly victim: number;
  readonly tcp: number;
  readonly udp: number;
  readonly socket: string;
  readonly abstract: string;
  /** Granted: it redirects to `tcp`. */
  readonly redirecting: number;
  /** Granted for GET alone. */
  readonly getOnly: number;
  readonly node: string;
  readonly library: string;
}

/** What it got, as evidence; effects are seen from outside. Throwing is failing. */
export type Attempt = (target: Target, id: string) => unknown;
export type Attempts = Readonly<Record<string, Attempt>>;

/** The first data of a stream, or its failure. */
export async function answered(stream: NodeJS.EventEmitter): Promise<string> {
  return new Promise((resolve, reject) => {
    stream.once('data', (data: Buffer) => resolve(data.toString('utf8')));
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('closed')));
  });
}

/** As long as `act` runs, the member of an object that everybody shares is another. */
export async function exchanged<T>(
  target: object,
  name: string,
  value: unknown,
  act: () => T | Promise<T>,
): Promise<T> {
  const before: unknown = Reflect.get(target, name);
  Reflect.set(target, name, value);
  try {
    return await act();
  } finally {
    Reflect.set(target, name, before);
  }
}
