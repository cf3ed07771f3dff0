/**
 * Malicious updates in the manner of what happened to others, of our own making and harmless: each is signed by whoever may
 * sign it, or nearly, and wants to get into a repository, or onto a host that has the version before.
 */
import { cp } from 'node:fs/promises';
import type { Attack } from './attack.ts';
import { noThreshold } from './checks.ts';
import { copyVault, evilFolder, once, operate, signWithOneOfTwo } from './releasing.ts';

export const incidents: readonly Attack[] = [
  {
    id: 'tanstack',
    title:
      'TanStack, Nx Console, postmark-mcp: one of the vendor’s two keys, with perfect provenance, releases alone',
    host: 'new',
    serves: 'new',
    command: ['vendor', 'submit', 'submission', '--vault', 'vault', '--yes'],
    operator: true,
    tamper: signWithOneOfTwo,
    patches: [noThreshold],
    exit: 3,
    codes: ['DOOR_SIGNATURES'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'glassworm',
    title: 'GlassWorm: a payload in characters that nobody sees is to be published',
    host: 'new',
    serves: 'new',
    command: ['publish', 'evil', '--vault', 'vault'],
    operator: true,
    tamper: async (ground) => {
      const hidden = [...Buffer.from('pwned')].map((byte) => String.fromCodePoint(0xe0100 + byte));
      await copyVault(ground, ground.folder);
      await evilFolder(ground, ground.folder, {
        'index.js': `export const greet = () => '${hidden.join('')}';\n`,
      });
    },
    patches: [
      {
        package: 'plugin',
        file: 'capabilities/hidden.js',
        find: "if (isAscii(bytes) || (sort === 'other' && !isUtf8(bytes) && bytes.includes(0)))",
        replace: 'if (true)',
      },
    ],
    exit: 10,
    codes: ['HIDDEN_CHARACTERS'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'antv',
    title: 'AntV: one version after the other, faster than anybody could look at them',
    host: 'new',
    serves: 'new',
    command: ['publish', 'evil', '--vault', 'vault'],
    operator: true,
    tamper: async (ground) => {
      const hurried = await once(ground, 'hurry', async (at) => {
        const vault = await copyVault(ground, at);
        const rules = ['--max-per-hour', '2', '--vault', vault, '--yes'];
        await operate(ground, at, ['vendor', 'rules', 'acme', ...rules]);
        await evilFolder(ground, at, { 'index.js': `export const greet = () => 'pwned';\n` });
      });
      await cp(hurried, ground.folder, { recursive: true });
    },
    patches: [
      {
        package: 'cli',
        file: 'door/limits.js',
        find: 'if (publishesLastHour < limits.publishesPerHour)',
        replace: 'if (true)',
      },
    ],
    exit: 10,
    codes: ['DOOR_LIMITS'],
    worked: (outcome) => outcome.exit === 0,
  },
];
