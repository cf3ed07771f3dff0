import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Mode } from '../../src/confine/grant.ts';
import { ask, grant, node24, runner, start, temporary, tree } from './support.ts';

/** Each returns `through` if it got there; what a plugin can do without any right to do it is to exchange what everybody uses. */
const attempts = `
import nodeModule, { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const answer = (worker) => new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
const threads = () => import('node:worker_threads');
const programs = () => import('node:child_process');
const thread = new URL('./thread.mjs', import.meta.url);
const done = (child) => new Promise((resolve, reject) => { child.once('error', reject); child.once('exit', (code) => resolve(code === 7 ? 'through' : 'code ' + code)); });
const seven = ['-c', 'exit 7'];
function twice(one, other) { let asked = 0; return { toString: () => (asked++ === 0 ? one : other) }; }
const all = {
  'a program whose name is asked for twice': async () => (await programs()).spawnSync(confined ? twice('env', '/bin/sh') : '/bin/sh', seven).status === 7 && 'through',
  'a program by a method that was exchanged': async () => {
    const { includes, some } = Array.prototype;
    Object.assign(Array.prototype, { includes: () => true, some: () => true });
    try { return (await programs()).spawnSync('/bin/sh', seven).status === 7 && 'through'; } finally { Object.assign(Array.prototype, { includes, some }); }
  },
  'a shell by a member that is asked for twice': async () => {
    let asked = 0;
    return (await programs()).spawnSync('env', ['; exit 7'], { get shell() { return asked++ > 0 || !confined; } }).status === 7 && 'through';
  },
  'a shell that all objects inherit': async () => {
    Object.defineProperty(Object.prototype, 'shell', { value: '/bin/sh', configurable: true, writable: true, enumerable: true });
    try { return (await programs()).spawnSync('exit 7', [], { shell: true }).status === 7 && 'through'; } finally { delete Object.prototype.shell; }
  },
  'a program by a member of ChildProcess.spawn': async () => {
    let asked = 0;
    const child = new (await programs()).ChildProcess();
    const ended = done(child);
    child.spawn({ get file() { return asked++ === 0 ? 'env' : '/bin/sh'; }, args: ['sh', ...seven], envPairs: [], stdio: 'ignore' });
    return ended;
  },
  'a program by the handle of another': async () => {
    const { ChildProcess } = await programs();
    const handle = new ChildProcess()._handle;
    const ended = new Promise((resolve) => { handle.onexit = (code) => resolve(code === 7 ? 'through' : 'code ' + code); });
    const [args, stdio] = [['sh', ...seven], [0, 1, 2].map(() => ({ type: 'ignore' }))];
    const positions = /_handle\\.spawn\\(\\s*options\\.file/.test(String(ChildProcess.prototype.spawn));
    if (positions) handle.spawn('/bin/sh', args, undefined, [], stdio, 0);
    else handle.spawn({ file: '/bin/sh', args, envPairs: [], stdio });
    return ended;
  },
  'a thread from text': async () => { const { Worker } = await threads(); return answer(new Worker('require("node:worker_threads").parentPort.postMessage("through")', { eval: 1 })); },
  'a thread by the class behind': async () => { const { Worker } = await threads(); return answer(new Worker.prototype.constructor(thread, { execArgv: [] })); },
  'a thread with flags that all objects inherit': async () => {
    const { Worker } = await threads();
    Object.prototype.execArgv = [];
    try { return await answer(new Worker(thread)); } finally { delete Object.prototype.execArgv; }
  },
  'a thread with flags in its environment': async () => {
    const { Worker } = await threads();
    return answer(new Worker(thread, { env: { NODE_OPTIONS: '--import=data:text/javascript,globalThis.early=1' } }));
  },
  'a thread that is told another grant': async () => {
    const { Worker, getEnvironmentData, setEnvironmentData } = await threads();
    setEnvironmentData('ragv.setup', { ...getEnvironmentData('ragv.setup'), confined: false, eval: true });
    return answer(new Worker(thread));
  },
  'a thread by the handle of another': async () => {
    const { Worker } = await threads();
    const first = new Worker(thread);
    const handle = Object.getOwnPropertySymbols(first).map((name) => first[name]).find((one) => one?.startThread);
    await first.terminate();
    const made = new handle.constructor(null, {}, [], new Float64Array(4), true, false);
    return typeof made.startThread === 'function' && 'through';
  },
  'text around a module': () => {
    const { wrapper } = nodeModule;
    const [head] = wrapper;
    wrapper[0] = head + 'module.exports = "through"; return;';
    try { return require('./plain.cjs'); } finally { wrapper[0] = head; }
  },
  'text around a module, by a function': () => {
    const { wrap } = nodeModule;
    nodeModule.wrap = (text) => wrap('module.exports = "through"; return;' + text);
    try { delete require.cache[require.resolve('./plain.cjs')]; return require('./plain.cjs'); } finally { nodeModule.wrap = wrap; }
  },
  'signed text as a module of somewhere else': () => {
    const made = new nodeModule('/elsewhere/plain.cjs');
    require('node:fs').readFileSync('./plain.cjs', 'utf8');
    delete require.cache[require.resolve('./plain.cjs')]; require('./plain.cjs');
    made._compile('module.exports = "plain";', '/elsewhere/plain.cjs');
    return made.exports === 'plain' && 'through';
  },
  'the module that a patched path names': () => {
    const { get } = Object.getOwnPropertyDescriptor(URL.prototype, 'href');
    const extensions = nodeModule._extensions;
    const made = new nodeModule(outside);
    Object.defineProperty(URL.prototype, 'href', { configurable: true, get() { return !confined ? get.call(this) : get.call(this).replace(/^.*outside\\.mjs$/, new URL('./plain.cjs', import.meta.url)); } });
    try { extensions['.js'](made, outside); return made.exports.default; } finally { Object.defineProperty(URL.prototype, 'href', { configurable: true, get }); }
  },
  'what Node keeps compiled': () => nodeModule.enableCompileCache(data).status !== 3 && 'through',
  'a server by its inside': async () => {
    const net = await import('node:net');
    const server = new net.Server();
    server._listen2('127.0.0.1', 0, 4, 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const there = {};
    server._handle?.getsockname(there);
    server._handle?.close();
    return there.port > 0 && 'through';
  },
  'a local socket by the handle of another': () => {
    const Pipe = process.stdin._handle.constructor;
    const made = new Pipe(1);
    const code = made.bind(data + '/socket');
    made.close();
    return code === 0 && 'through';
  },
  'a local socket by the handle of another, in a thread': async () => {
    const { Worker } = await threads();
    return answer(new Worker(new URL('./sockets.mjs', import.meta.url), { workerData: data + '/other' }));
  },
  'UDP by the handle of a socket': async () => {
    const { Socket } = await import('node:dgram');
    const socket = new Socket('udp4');
    const state = Object.getOwnPropertySymbols(socket).map((name) => socket[name]).find((one) => one?.handle);
    const code = state.handle.bind('127.0.0.1', 0, 0);
    socket.close();
    return code === 0 && 'through';
  },
};
let confined, data, outside;
export const names = Object.keys(all);
export async function call({ name, ...places }) {
  ({ confined, data, outside } = places);
  return name === null ? names : all[name]();
}`;
const thread = `import { parentPort } from 'node:worker_threads';
const tried = await import('data:text/javascript,export default "through"').then((one) => one.default, (error) => 'refused ' + error.code);
parentPort.postMessage(globalThis.early === 1 ? 'through' : tried);`;

const sockets = `import { parentPort, workerData } from 'node:worker_threads'; import net from 'node:net';
const Pipe = new net.Socket({ fd: 2 })._handle.constructor;
let code; try { code = new Pipe(1).bind(workerData); } catch (error) { code = error.code; }
parentPort.postMessage(code === 0 ? 'through' : String(code));`;

const plugin = tree({
  'sockets.mjs': sockets,
  'main.mjs': attempts,
  'thread.mjs': thread,
  'plain.cjs': 'module.exports = "plain";',
});

async function tryAll(mode: Mode, node: string): Promise<ReadonlyMap<string, unknown>> {
  const data = temporary();
  const elsewhere = tree({ 'outside.mjs': 'export default "through";' });
  const places = { confined: mode !== 'trusted', data, outside: path.join(elsewhere.folder, 'outside.mjs') };
  const made = async () =>
    start({
      ...plugin,
      mode,
      node,
      runner,
      entry: 'main.mjs',
      grant: {
        ...grant({ write: [data], read: [elsewhere.folder], exec: ['/usr/bin/env'], worker: true }),
        limits: { memoryBytes: 1024 * 1024 * 1024, cpuSeconds: 60, callsPerMinute: 600 },
      },
    });
  const first = await made();
  const answer = await ask(first, { name: null, ...places });
  const names: unknown = Reflect.get(Object(answer) as object, 'value');
  const ends = new Map<string, unknown>();
  let running = first;
  for (const name of Array.isArray(names) ? names.map(String) : []) {
    const end = await Promise.race([ask(running, { name, ...places }), running.exited]);
    ends.set(name, end);
    if (end !== null && typeof end === 'object' && 'code' in end && 'signal' in end) running = await made();
  }
  await running.stop({ graceMs: 0 });
  return ends;
}

const nodes = new Map<string, string | undefined>([
  ['this Node', process.execPath],
  ['Node 24', node24],
]);

for (const [version, node = ''] of nodes)
  describe.skipIf(node === '')(`a plugin that exchanges what its guards might use, on ${version}`, () => {
    test('gets through where nothing is confined, each time', { timeout: 60_000 }, async () => {
      const ends = await tryAll('trusted', node);
      expect(ends.size).toBeGreaterThan(18);
      expect([...ends].filter(([, end]) => !isThrough(end))).toEqual([]);
    });

    test('and not once in mode process', { timeout: 60_000 }, async () => {
      const ends = await tryAll('process', node);
      expect(ends.size).toBeGreaterThan(18);
      expect([...ends].filter(([, end]) => isThrough(end))).toEqual([]);
    });
  });

function isThrough(end: unknown): boolean {
  return Reflect.get(Object(end) as object, 'value') === 'through';
}
