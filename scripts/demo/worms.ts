/**
 * One worm in the manner of Nx Console and of Shai-Hulud, signed with the vendor's own key, and each control that stops it.
 * Where several would, the others are disabled: each has to stop it alone.
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack, Ground } from './attack.ts';
import { noConsent, noCooldown, noEgressList, noEnvironment, noFileConfinement } from './checks.ts';
import { environmentToken, fileToken, wormPlugin } from './console-plugin.ts';
import { hostDoes, once, publishAndServe, writePolicy } from './releasing.ts';
import { run, type Outcome } from './run.ts';
import { findBelow } from './tampering.ts';

const update = 'acme/console@1.1.0';
const runs = { host: 'new', serves: 'new', command: ['run', 'acme/console'] } as const;
const env = { NPM_TOKEN: environmentToken };

export const worms: readonly Attack[] = [
  {
    id: 'nx-console',
    title: 'Nx Console, TanStack: an update that is eighteen minutes old is taken before anybody has looked',
    host: 'new',
    serves: 'new',
    command: ['install', update, '--policy', 'policy.json'],
    tamper: async (ground) => {
      await writePolicy(ground, { for: '*', cooldown: { hours: 24 } });
      await release(ground);
    },
    behindMetadata: true,
    patches: [noCooldown],
    exit: 10,
    codes: ['COOLDOWN'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'nx-console-egress',
    title: 'Nx Console, running: it sends what it found to a server of its own',
    ...runs,
    env,
    tamper: install,
    patches: [noEgressList],
    others: [noFileConfinement, noEnvironment],
    exit: 0,
    codes: ['nothing was sent [ERR_ACCESS_DENIED]'],
    worked: (_, ground) => loot(ground).length > 0,
  },
  {
    id: 'nx-console-files',
    title: 'Nx Console and Shai-Hulud, running: it reads the token in the home folder',
    ...runs,
    env,
    tamper: install,
    patches: [noFileConfinement],
    others: [noEgressList, noEnvironment],
    exit: 0,
    // Below /tmp it is the sandbox that has no such file; elsewhere Node says first that it may not be read.
    codes: ['the file was not read [ERR_ACCESS_DENIED]', 'the file was not read [ENOENT]'],
    worked: (_, ground) => loot(ground).includes(fileToken),
  },
  {
    id: 'shai-hulud-environment',
    title: 'Shai-Hulud, running: it reads the token in the environment',
    ...runs,
    env,
    tamper: install,
    patches: [noEnvironment],
    others: [noEgressList, noFileConfinement],
    exit: 0,
    codes: ['no token in the environment'],
    worked: (_, ground) => loot(ground).includes(environmentToken),
  },
  {
    id: 'shai-hulud-script',
    title: 'Shai-Hulud: a script at installation takes the tokens, where npm runs scripts',
    host: 'new',
    serves: 'new',
    command: ['install', update],
    env,
    tamper: async (ground) => release(ground),
    behindMetadata: true,
    patches: [],
    elsewhere: npmInstall,
    installs: true,
    exit: 0,
    codes: ['lifecycle scripts were not run: postinstall'],
    worked: (_, ground) => loot(ground).includes(fileToken) && loot(ground).includes(environmentToken),
  },
  {
    id: 'shai-hulud',
    title: 'Shai-Hulud, GlassWorm: an update whose plain code wants a file and a host that it did not have',
    host: 'new',
    serves: 'new',
    command: ['install', update],
    tamper: async (ground) => release(ground, true),
    behindMetadata: true,
    patches: [noConsent],
    exit: 10,
    codes: ['CONSENT_REQUIRED'],
    worked: (outcome) => outcome.exit === 0,
  },
];

function loot(ground: Ground): string {
  return ground
    .posted()
    .filter((one) => one.startsWith('127.0.0.1'))
    .join('\n');
}

async function release(ground: Ground, plain = false): Promise<void> {
  const { port, somebody } = ground;
  await publishAndServe(ground, plain ? 'plain-worm' : 'worm', async (at) =>
    wormPlugin(at, { port, somebody, plain }),
  );
}

/** It asks for nothing new, so nobody is asked. */
async function install(ground: Ground): Promise<void> {
  await release(ground);
  const installed = await once(ground, 'worm-installed', async (at) => {
    await cp(ground.home, at, { recursive: true });
    await hostDoes({ ...ground, home: at }, 'install', update);
  });
  await rm(ground.home, { recursive: true });
  await cp(installed, ground.home, { recursive: true });
}

/** The archive that is served, installed as npm did it then: versions of today want to be told that scripts are meant. */
async function npmInstall({ served, folder, somebody }: Ground): Promise<Outcome> {
  const [archive = ''] = (await findBelow(served, '')).filter((path) => path.endsWith('.console-1.1.0.tgz'));
  const project = join(folder, 'npm');
  await mkdir(project);
  const scripts = ['--no-ignore-scripts', '--dangerously-allow-all-scripts'];
  const quiet = ['--offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  // Settings of whoever started the demo, by npm itself perhaps, are not to matter.
  const own = [
    '--userconfig',
    join(somebody, '.npmrc'),
    '--cache',
    join(folder, 'cache'),
    '--prefix',
    project,
  ];
  return run('npm', ['install', ...scripts, ...quiet, ...own, archive], {
    cwd: project,
    env: { ...env, HOME: somebody },
    timeout: 50_000,
  });
}
