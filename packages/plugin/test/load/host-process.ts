// Runs in a process of its own: a host that loads a plugin, says the plugin's process id, and goes on until it is killed.
import { openVault } from '@ragnos/plugin';

const [home = '', mode = ''] = process.argv.slice(2);
const vault = await openVault({
  home,
  recheckEveryMs: 0,
  offline: true,
  mode: mode === 'sandbox' ? 'sandbox' : 'process',
});
const hello = await vault.load('acme/hello');
console.log(JSON.stringify({ pid: await hello.call('pid'), temp: await hello.call('temp') }));
for (;;) await hello.call('echo', 'x'.repeat(1000));
