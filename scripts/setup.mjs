// Brings node_modules up to date before npm scripts run: silent and quick when there is nothing to do.
// Plain JavaScript for Node 20 and later, because this is what fetches the Node that the rest needs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { matchesLockfile } from './setup-tree.mjs';

const root = path.join(import.meta.dirname, '..');
const lockFolder = path.join(root, '.ragv-setup.lock');
const say = (line) => process.stderr.write(`setup: ${line}\n`);

function manifests() {
  const packages = path.join(root, 'packages');
  const names = existsSync(packages) ? readdirSync(packages).toSorted() : [];
  return names
    .map((name) => `packages/${name}/package.json`)
    .filter((file) => existsSync(path.join(root, file)));
}

function fingerprint(files) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of files) {
    const bytes = readFileSync(path.join(root, file));
    hash.update(`${file} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** One folder with a lockfile. What `npm install` already brought up to date is only stamped, not installed again. */
function place(folder, what, workspaces) {
  const modules = path.join(root, folder, 'node_modules');
  const stamp = path.join(modules, '.ragv-stamp');
  const files = [path.join(folder, 'package.json'), path.join(folder, 'package-lock.json'), ...workspaces];
  return {
    folder,
    what,
    modules,
    ready: () => existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(files),
    matches: () => matchesLockfile(path.join(root, folder), workspaces),
    stamp: () => {
      mkdirSync(modules, { recursive: true });
      writeFileSync(stamp, fingerprint(files));
    },
  };
}

function npmCi(folder) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const cli = process.env.npm_execpath;
  // The Node that runs npm, and not ours in node_modules, which `npm ci` is about to replace.
  const node = process.env.npm_node_execpath ?? process.execPath;
  const [command, all] = cli?.endsWith('.js') ? [node, [cli, ...args]] : ['npm', args];
  return new Promise((resolve) => {
    const child = spawn(command, all, {
      cwd: path.join(root, folder),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command === 'npm' && process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

/** Holds a folder as the lock and keeps it fresh; one that nobody has touched for a minute belongs to the dead. */
async function locked(work) {
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(lockFolder);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (waited === 0) say('another set-up is running here, waiting for it');
    const touched = statSync(lockFolder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - touched > 60_000) rmSync(lockFolder, { recursive: true, force: true });
    await sleep(500);
  }
  const beat = setInterval(() => utimesSync(lockFolder, new Date(), new Date()), 5_000);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

async function install(target) {
  if (target.ready()) return true;
  if (target.matches()) {
    target.stamp();
    return true;
  }
  const started = Date.now();
  say(`npm ci is installing ${target.what} (the first time takes a minute or so)`);
  const { ok, output } = await npmCi(target.folder);
  if (ok) target.stamp();
  else process.stderr.write(output);
  say(ok ? `done in ${Math.round((Date.now() - started) / 1000)} s` : `npm could not install ${target.what}`);
  return ok;
}

function quietly(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/** The tests of mode `sandbox` need it on Linux. Where it cannot be installed they do not run: the checks count them, or fail where CI=true. */
async function bubblewrap() {
  const there = () =>
    ['/usr/bin/bwrap', '/bin/bwrap', '/usr/local/bin/bwrap'].some((file) => existsSync(file));
  if (process.platform !== 'linux' || there()) return;
  const apt = ['install', '-y', '-q', '--no-install-recommends', 'bubblewrap'];
  if (process.getuid() === 0 && existsSync('/usr/bin/apt-get')) {
    say('apt-get is installing bubblewrap, in which plugins are confined');
    if (await quietly('apt-get', apt)) return;
    if ((await quietly('apt-get', ['update', '-q'])) && (await quietly('apt-get', apt))) return;
  }
  say('WITHOUT BUBBLEWRAP THE TESTS OF MODE sandbox DO NOT RUN: install it (apt install bubblewrap)');
}

const main = place('', 'the dependencies', manifests());
const node24 = place('scripts/node24', 'Node 24, on which packages are tried too', []);
const wanted = ['predemo', 'prebench', 'prebuild'].includes(process.env.npm_lifecycle_event ?? '')
  ? [main]
  : [main, node24];

if (wanted.includes(node24)) await bubblewrap();
if (!wanted.every((target) => target.ready())) {
  await locked(async () => {
    if (!(await install(main))) {
      say('nothing was run; see npm above. If package-lock.json is behind a package.json, run: npm install');
      process.exitCode = 1;
    } else if (wanted.includes(node24) && !(await install(node24)))
      say('going on without it: checks on Node 24 are skipped, or fail where CI=true');
  });
}
if (process.exitCode === undefined && !existsSync(path.join(main.modules, '.bin', 'node'))) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 24 || major === 25 || (major === 24 && minor < 15)) {
    say(
      `npm has no Node for ${process.platform}-${process.arch}, and ${process.version} is too old: install Node 26`,
    );
    process.exitCode = 1;
  }
}
