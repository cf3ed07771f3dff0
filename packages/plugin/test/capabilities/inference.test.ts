import { describe, expect, test } from 'vitest';
import { inspect, short, usesOf } from './files.ts';

const found: readonly (readonly [code: string, uses: readonly string[]])[] = [
  // how a module comes in
  [`require('fs').readFileSync(x)`, ['fs.read ?']],
  [`const fs = require('node:fs'); fs.readFileSync(x)`, ['fs.read ?']],
  [`import fs from 'fs'; fs.writeFileSync(x, y)`, ['fs.write ?']],
  [`import * as fs from 'node:fs'; fs.promises.rm(x)`, ['fs.write ?']],
  [`import { readFile as r } from 'node:fs/promises'; await r(x)`, ['fs.read ?']],
  [`const { promises: { writeFile } } = require('fs'); writeFile(x)`, ['fs.write ?']],
  [`const { readFile } = await import('fs'); readFile(x)`, ['fs.read ?']],
  [
    `import { createRequire } from 'module'; const r = createRequire(import.meta.url); r('fs').rm(x)`,
    ['fs.write ?'],
  ],
  [`process.getBuiltinModule('fs').readFileSync(x)`, ['fs.read ?']],
  [`process.mainModule.require('child_process').execSync(x)`, ['exec sh']],
  [`module.require('child_process').execSync(x)`, ['exec sh']],
  [`require.main.require('child_process').execSync(x)`, ['exec sh']],
  [`globalThis.process.mainModule.require('fs').readFileSync(x)`, ['fs.read ?']],
  [`const Module = require('module'); Module._load('child_process').execSync(x)`, ['exec sh']],
  [`var fs_1 = __importDefault(require("fs")); fs_1.default.readFileSync(x)`, ['fs.read ?']],
  [`var fs = __toESM(require("fs")); (0, fs.rmSync)(x)`, ['fs.write ?']],
  [`export * from 'node:child_process'`, ['exec ?']],
  [`export { spawn } from 'node:child_process'`, ['exec ?']],
  [`module.exports = require('child_process')`, ['exec ?']],
  [`module.exports = { fs: require('fs') }`, ['fs.write ?', 'fs.read ?']],
  [`f(require('fs'))`, ['fs.write ?', 'fs.read ?']],
  [`let cp; cp = require('child_process'); cp.spawn(x)`, ['exec ?']],
  [`cp = require('child_process'); cp.spawn(x)`, ['exec ?']],
  // disguises
  [`require('chi' + 'ld_process').exec(x)`, ['exec sh']],
  [`require(['child','process'].join('_')).exec(x)`, ['exec sh']],
  [`require('ssecorp_dlihc'.split('').reverse().join('')).exec(x)`, ['exec sh']],
  [`const n = \`child_\${'process'}\`; require(n).exec(x)`, ['exec sh']],
  [`require(Buffer.from('Y2hpbGRfcHJvY2Vzcw==', 'base64').toString()).exec(x)`, ['exec sh']],
  [`require(Buffer.from('6673', 'hex').toString()).rmSync(x)`, ['fs.write ?']],
  [`require(atob('ZnM=')).rmSync(x)`, ['fs.write ?']],
  [`require(String.fromCharCode(102, 115)).rmSync(x)`, ['fs.write ?']],
  [`require('\\x66\\x73')['rm' + 'Sync'](x)`, ['fs.write ?']],
  [`const r = require; r('fs').rmSync(x)`, ['fs.write ?']],
  [`globalThis['ev' + 'al'](x)`, ['eval']],
  [`(0, eval)(x)`, ['eval']],
  [`const e = eval; e(x)`, ['eval']],
  [`window.self.global.fetch(x)`, ['net.connect ?']],
  // a local name hides only what it covers
  [`function f(fetch) { return fetch(x) }`, []],
  [`function f(fetch) {} fetch(x)`, ['net.connect ?']],
  [`{ let eval2 = 1; } { const process = {}; process.env.SECRET } process.env.SECRET`, ['env SECRET']],
  [`function f(require) { require('child_process').exec(x) }`, []],
  [`fetch = y; fetch(x)`, ['net.connect ?']],
  [`label: fetch; const o = { fetch: 1, eval: 2 }; o.fetch(x); o.eval`, []],
  // files
  [`require('fs').readFileSync(__dirname + '/data.json')`, []],
  [`require('fs').readFileSync(require('path').join(__dirname, '..', 'data.json'))`, []],
  [`require('fs').readFileSync(require('path').join(__dirname, '../../../etc/passwd'))`, ['fs.read ?']],
  [`import { readFileSync } from 'fs'; readFileSync(new URL('../x.json', import.meta.url))`, []],
  [`import { readFileSync } from 'fs'; readFileSync(new URL('../../../x', import.meta.url))`, ['fs.read ?']],
  [
    `import f from 'fs'; import p from 'path'; const here = p.dirname(x); f.readFileSync(p.join(import.meta.dirname, 'x'))`,
    [],
  ],
  [`require('fs').writeFileSync(__dirname + '/data.json', x)`, ['fs.write ?']],
  [`require('fs').readFileSync('/etc/passwd')`, ['fs.read /etc/passwd']],
  [`require('fs').readFileSync('config.json')`, ['fs.read ?']],
  [`require('fs').readFileSync(0)`, []],
  [`require('fs').writeSync(1, x)`, []],
  [
    `const o = require('os'), p = require('path'); require('fs').readFileSync(p.join(o.homedir(), '.ssh', 'id_rsa'))`,
    ['fs.read $home/.ssh/id_rsa'],
  ],
  [
    `import { homedir } from 'os'; import fs from 'fs'; fs.readdirSync(\`\${homedir()}/.aws/\${x}\`)`,
    ['fs.read $home/.aws'],
  ],
  [`require('fs').appendFileSync(process.env.HOME + '/.bashrc', x)`, ['fs.write $home/.bashrc']],
  [`require('fs').mkdtempSync(require('path').join(require('os').tmpdir(), 'x'))`, ['fs.write $temp/x']],
  [
    `require('fs').writeFileSync(require('path').resolve(process.cwd(), 'dist', name))`,
    ['fs.write $project/dist'],
  ],
  [`require('fs').openSync(x, 'r')`, ['fs.read ?']],
  [`require('fs').openSync(x, 'a')`, ['fs.write ?', 'fs.read ?']],
  [`new (require('node:sqlite').DatabaseSync)(':memory:')`, ['fs.write ?']],
  // network
  [`fetch('https://api.example.com/v1')`, ['net.connect api.example.com:443']],
  [`fetch(\`https://api.example.com:8443/\${x}\`)`, ['net.connect api.example.com:8443']],
  [`fetch(\`https://api.example.com\${x}\`)`, ['net.connect ?']],
  [`fetch('http://API.example.com/' + x)`, ['net.connect api.example.com:80']],
  [`fetch('https://example.com@evil.example/')`, ['net.connect ?']],
  [`fetch(new URL('https://a.example/x'))`, ['net.connect a.example:443']],
  [`new WebSocket('wss://a.example/')`, ['net.connect a.example:443']],
  [`require('https').request({ hostname: 'a.example', port: 8443 })`, ['net.connect a.example:8443']],
  [`require('https').get('https://a.example/')`, ['net.connect a.example:443']],
  [`require('net').connect(4444, '10.0.0.1')`, ['net.connect 10.0.0.1:4444']],
  [`require('tls').connect({ host: 'a.example', port: 443 })`, ['net.connect a.example:443']],
  [`require('dns').lookup(x + '.a.example')`, ['net.connect ?']],
  [`require('dgram').createSocket('udp4')`, ['net.connect ?']],
  [`require('http').createServer(f).listen(80); require('http').STATUS_CODES[x]; require('net').isIP(x)`, []],
  // programs
  [`require('child_process').spawn('git', ['push'])`, ['exec git']],
  [`require('child_process').spawn('git', [], { shell: true })`, ['exec sh']],
  [`require('child_process').execFileSync('/usr/bin/git')`, ['exec /usr/bin/git']],
  [`require('child_process').spawn(process.execPath, [x])`, ['exec node']],
  [`require('child_process').fork(x)`, ['exec node']],
  [`require('cluster').fork()`, ['exec node']],
  // environment
  [`process.env.GITHUB_TOKEN; process.env['AWS_SECRET']`, ['env AWS_SECRET', 'env GITHUB_TOKEN']],
  [`const { env } = process; const { NPM_TOKEN } = env`, ['env NPM_TOKEN']],
  [`import process from 'node:process'; process.env.TOKEN`, ['env TOKEN']],
  [`import { env } from 'node:process'; env.TOKEN`, ['env TOKEN']],
  [`process.env.NODE_ENV; process.env.CI; process.env.NO_COLOR; process.argv; process.exit(1)`, []],
  // code from text, workers, native
  [`eval(x)`, ['eval']],
  [`new Function('a', x)`, ['eval']],
  [`Function(x)()`, ['eval']],
  [`Function.prototype.call.bind(x); y instanceof Function; typeof Function`, []],
  [`Function('return this')()`, []],
  [`[].filter.constructor.constructor(x)`, ['eval']],
  [`(async () => {}).constructor(x)`, ['eval']],
  [`const A = Object.getPrototypeOf(async function () {}).constructor; A(x)`, ['eval']],
  [`this.constructor.name; new this.constructor(x)`, []],
  [`require('vm').runInNewContext(x)`, ['eval']],
  [`import('data:text/javascript,' + 'x')`, ['eval']],
  [`Function.call(null, x); Function.apply(null, x)`, ['eval']],
  [`const un = Function.call.bind(y); Function.bind.call(z, 1)`, []],
  [`require('module').register(x)`, ['eval']],
  [`module._compile(x, y); require('module').prototype._compile(x)`, ['eval']],
  [`import { Session } from 'inspector'; new Session()`, ['eval']],
  [`require('v8').setFlagsFromString(x)`, ['eval']],
  [`new (require('worker_threads').Worker)(x)`, ['worker']],
  [`const { isMainThread, parentPort } = require('worker_threads'); parentPort.postMessage(1)`, []],
  [`process.dlopen(m, x)`, ['native']],
  [`process.binding('spawn_sync')`, ['native']],
  [`process.binding('util'); process.binding('buffer').kStringMaxLength`, []],
  [`require('./build/x.node')`, ['native']],
  [`require('bindings')('x')`, ['native']],
  // nothing
  [`console.log(1); require('path').join(a, b); require('os').cpus(); setTimeout(f, 1)`, []],
  [`if (require('fs')) {} typeof fetch === 'function'; const has = fs && 1`, []],
  [`const fs = require('fs'), cp = require('child_process'), w = globalThis.fetch`, []],
];

describe('what a program uses', () => {
  test.each(found)('%s', async (code, uses) => {
    expect(await usesOf(code)).toEqual(uses);
  });
});

test('evidence is file and line, the first ten of each use', async () => {
  const code = `// one\nconst fs = require('fs')\n\nfs.readFileSync(x)\n${'fs.statSync(y)\n'.repeat(20)}`;
  const { used } = await inspect({ 'lib/a.js': code });
  expect(used).toMatchObject([{ capability: 'fs.read', value: null, count: 21 }]);
  expect(used[0]?.evidence).toHaveLength(10);
  expect(used[0]?.evidence[0]).toEqual({ file: 'lib/a.js', line: 4, what: 'fs.readFileSync' });
});

describe('which files are programs', () => {
  const uses = `require('child_process').execSync(x)`;
  const cases: Readonly<Record<string, readonly [files: Record<string, string>, uses: readonly string[]]>> = {
    'by their ending': [{ 'a.cjs': uses }, ['exec sh']],
    'by their first line': [{ bin: `#!/usr/bin/env node\n${uses}` }, ['exec sh']],
    'no text for people': [{ 'README.md': uses, LICENSE: uses }, []],
    'because a program loads them, whatever they are called': [
      { 'a.js': `require('./notes.dat')`, 'notes.dat': uses },
      ['exec sh'],
    ],
    'through a chain of such names': [
      { 'a/b.js': `require('../one.x')`, 'one.x': `require('./two.y')`, 'two.y': uses },
      ['exec sh'],
    ],
    'in a bundled package': [{ 'node_modules/dep/index.js': uses }, ['exec sh']],
    'in a file that nothing reaches': [{ 'index.js': '1', 'test/old.js': uses }, ['exec sh']],
    'with types': [
      { 'a.ts': `import { execSync } from 'node:child_process'; const a: string = x; execSync(a)` },
      ['exec sh'],
    ],
    'but no declarations': [{ 'a.d.ts': 'export const x: string;' }, []],
    'no types below node_modules, where Node runs none': [{ 'node_modules/a/b.ts': 'let x: number' }, []],
    'a module by its package': [
      { 'package.json': '{"type":"module"}', 'lib/a.js': `import 'fs'; await 1; ${uses}` },
      ['exec sh'],
    ],
    'a script, where the other reading would hide a line': [
      { 'a.js': `x\n<!-- /*\n${uses}\n/* */` },
      ['exec sh'],
    ],
  };
  test.each(Object.entries(cases))('%s', async (_name, [files, expected]) => {
    expect(short(await inspect(files))).toEqual(expected);
  });
  test('an entry, whatever it is called', async () => {
    expect(short(await inspect({ start: uses }, { entries: ['start'] }))).toEqual(['exec sh']);
    expect(short(await inspect({ start: uses }))).toEqual([]);
  });
});

describe('what cannot be read is code that somebody has to answer for', () => {
  test('a program that is none', async () => {
    const found = await inspect({ 'a.js': 'let let = {' });
    expect(short(found)).toEqual(['eval']);
    expect(found.unread).toEqual([
      { file: 'a.js', line: 0, what: expect.stringMatching(/^it cannot be parsed: /) as unknown },
    ]);
  });
  test('types that cannot be stripped cannot be run either: a remark', async () => {
    const found = await inspect({ 'a.ts': 'enum A { B }' });
    expect([short(found), found.remarks.map(({ kind, file }) => `${kind} ${file}`)]).toEqual([
      [],
      ['unread-types a.ts'],
    ]);
  });
  test('too large, or no time left', async () => {
    const limits = { codeMaxLength: 10, allMaxLength: 1000, milliseconds: 1000 };
    expect(short(await inspect({ 'a.js': '1'.repeat(11) }, { limits }))).toEqual(['eval']);
    expect(short(await inspect({ 'a.js': '1'.repeat(10) }, { limits }))).toEqual([]);
    expect(
      short(await inspect({ 'a.js': '1', 'b.js': '1' }, { limits: { ...limits, allMaxLength: 1 } })),
    ).toEqual(['eval']);
    expect(short(await inspect({ 'a.js': '1' }, { limits: { ...limits, milliseconds: -1 } }))).toEqual([
      'eval',
    ]);
  });
  test('nested deeper than any stack', async () => {
    expect(short(await inspect({ 'a.js': `${'('.repeat(50_000)}1${')'.repeat(50_000)}` }))).toEqual(['eval']);
    expect(short(await inspect({ 'a.js': `x${'+1'.repeat(100_000)}` }))).toEqual(['eval']);
  });
  test('names that stand for each other in a circle come to an end', async () => {
    const chain = Array.from(
      { length: 300 },
      (_, i) => `var a${i} = c ? a${(i + 1) % 300} : a${(i + 7) % 300};`,
    );
    expect(await usesOf(`${chain.join('\n')} a0.x.y(); a = a; b = [b].join(b)`)).toEqual([]);
  });
  test('other languages are remarked upon', async () => {
    const { remarks } = await inspect({
      'a.py': 'import os',
      'run.sh': '#!/bin/sh',
      tool: '#!/usr/bin/perl',
    });
    expect(remarks).toMatchObject([{ kind: 'unread-language', count: 3, file: 'a.py' }]);
  });
  test('an abort is heard', async () => {
    const controller = new AbortController();
    controller.abort();
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${i}.js`, 'x('.repeat(300)]));
    await expect(inspect(many, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('computed names, the whole environment and wasm are remarks: confinement decides about them', async () => {
  const found = await inspect({
    'a.js': `require(x); Object.keys(process.env); WebAssembly.instantiate(y)`,
  });
  expect(short(found)).toEqual([]);
  expect(found.remarks.map(({ kind, line }) => `${kind} ${line}`)).toEqual([
    'computed-module 1',
    'environment 1',
    'webassembly 1',
  ]);
});

test('variables that the plugin’s own start sets are its own', async () => {
  const files = { 'a.js': 'process.env.LEVEL + process.env.TOKEN' };
  expect(short(await inspect(files, { ownVariables: ['LEVEL'] }))).toEqual(['env TOKEN']);
});
