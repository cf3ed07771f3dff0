// Loads an installed plugin with openVault: `start`, `verify`, `call` or `many` of it.
import { openVault } from '@ragnos/plugin';
import { answer } from './descendants.mjs';

const [what, times, home, spec, mode] = process.argv.slice(2);
const vault = await openVault({ home, mode, offline: true, recheckEveryMs: 0 });
const load = async () => vault.load(spec);
if (what === 'verify') {
  await (await load()).close();
  const list = [];
  for (let n = 0; n < Number(times); n++) {
    const plugin = await load();
    list.push(plugin.metrics().verifyMs);
    await plugin.close();
  }
  console.log(JSON.stringify(list));
} else
  await answer(what, Number(times), async () => {
    const plugin = await load();
    let left = plugin;
    return {
      call: (text) => left.call('echo', text),
      close: async () => {
        await left.close();
        left = null;
      },
    };
  });
await vault.close();
