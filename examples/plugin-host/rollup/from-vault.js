/** A plugin for Rollup that lies in a vault: each module goes to it as text, and what it makes of it comes back. */
import { openVault } from '@ragnos/plugin';

export function fromVault(name) {
  let vault, plugin;
  return {
    name,
    async buildStart() {
      vault = await openVault({ home: process.env.RAGV_HOME, workFolder: process.cwd() });
      plugin = await vault.load(name);
    },
    transform: (code, id) => plugin.call('transform', { code, id }),
    buildEnd: () => vault.close(), // after an error too
  };
}
