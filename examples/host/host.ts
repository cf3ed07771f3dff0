import { openVault, VaultError } from '@ragnos/plugin';

/** What the plugin exports, as its package says. */
interface Hello {
  greet: (params: { name: string }) => string;
  count: (params: { to: number }) => AsyncIterable<number>;
  shout: (params: null, context: { input: AsyncIterable<string> }) => AsyncIterable<string>;
}

const vault = await openVault({ home: process.env['RAGV_HOME'] ?? 'vault', workFolder: process.cwd() });
const hello = await vault.load<Hello>('acme/hello');
console.log(hello.name, hello.functions.join(' ')); // prints acme/hello@1.0.0 count greet shout
console.log(await hello.call('greet', { name: 'Ada' })); // prints hello, Ada

// the plugin's index.js, as it was published:
//   export function greet({ name }) { if (name === '') throw new TypeError('whom?'); return `hello, ${name}`; }
//   export async function* count({ to }) { for (let n = 1; n <= to; n++) yield n; }
//   export async function* shout(_, { input, emit }) { for await (const word of input) { emit('word', word); yield word.toUpperCase(); } }

for await (const n of await hello.call('count', { to: 1000 })) if (n === 3) break;

async function* words() {
  yield 'one';
  yield 'two';
}
hello.onEvent('word', (word) => console.log('event', word)); // prints event one
const shouted = await hello.call('shout', null, { input: words() }); // prints event two
for await (const word of shouted) console.log(word); // prints ONE
// prints TWO

try {
  await hello.call('greet', { name: '' });
} catch (error) {
  if (!(error instanceof VaultError)) throw error; // the base of all that this package throws
  console.log(error.code, error.message); // prints PLUGIN_THREW greet: TypeError: whom?
}

hello.on('ended', ({ error, again }) =>
  console.error(error.message, again ? 'starting it again' : 'it stays down'),
);
hello.on('log', ({ stream, line }) => console.error(stream, line)); // its stdout and stderr, line by line
hello.on('denied', ({ capability, what, reason, by }) =>
  console.error('refused', capability, what, reason, by),
);
const { calls, errors, restarts } = hello.metrics();
console.log(calls, errors, restarts); // prints 4 1 0
await hello.close();

import { Client } from '@modelcontextprotocol/sdk/client/index.js';

const client = new Client({ name: 'small-host', version: '1.0.0' });
await client.connect(vault.mcp('acme/adder', { onRefused: (error) => console.error(error.message) }));
const { tools } = await client.listTools();
console.log(tools.map(({ name }) => name).join(' ')); // prints add
const sum = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
console.log(JSON.stringify(sum.content)); // prints [{"type":"text","text":"5"}]
await client.close();

const findings = await vault.recheck({ refresh: false });
console.log(findings.length); // prints 0
await vault.close(); // ends all that was loaded
