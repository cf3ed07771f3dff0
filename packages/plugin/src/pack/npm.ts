import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PackError } from '../errors.ts';
import { npmAnswer, npmCommand, npmFailure } from './npm-command.ts';

/** npm, cut off from the project that is packed: its `.npmrc`, its scripts and the environment have no say. */
export interface Npm {
  /** Runs npm in `folder`, which must hold a package.json; resolves with its stdout. @throws PackError */
  run(args: readonly string[], folder: string): Promise<string>;
}

/** What of the operator's own npm configuration is needed to reach the registry; never a project's. */
const settings = ['registry', 'cafile', 'proxy', 'https-proxy', 'noproxy', 'cache'] as const;
/** Everything else in the environment could change what is packed, or would hand a secret to npm. */
const kept = [
  'PATH',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'ComSpec',
  'PATHEXT',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];
/** Nothing is executed, and nothing but the registry is asked. An npm that knows no `allow-…` finds no git. */
const always = [
  '--ignore-scripts',
  '--allow-git=none',
  '--git=ragv-runs-no-git',
  '--workspaces=false',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-factor=2',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--loglevel=error',
];
const timeoutMs = 10 * 60_000;
const maxOutput = 16 * 1024 * 1024;

/** An npm whose home is below `scratch`, which the caller removes. Nothing is started before its first run. */
export function isolatedNpm(scratch: string, signal: AbortSignal | undefined): Npm {
  let environment: Promise<NodeJS.ProcessEnv> | undefined;
  return {
    async run(args, folder) {
      environment ??= prepare(join(scratch, 'npm-home'), signal);
      return execute([...args, ...always], folder, await environment, signal);
    },
  };
}

async function prepare(home: string, signal: AbortSignal | undefined): Promise<NodeJS.ProcessEnv> {
  await mkdir(home, { mode: 0o700 });
  await markAsProject(home);
  const userconfig = join(home, 'npmrc');
  await writeFile(userconfig, await operatorSettings(home, signal), { mode: 0o600 });
  const environment: NodeJS.ProcessEnv = {
    HOME: home,
    USERPROFILE: home,
    NODE_ENV: 'production',
    TZ: 'UTC',
    npm_config_userconfig: userconfig,
    npm_config_globalconfig: join(home, 'none'),
  };
  for (const name of kept) if (process.env[name] !== undefined) environment[name] = process.env[name];
  return environment;
}

/** npm looks upwards for a project and reads its `.npmrc`; in a shared temporary folder that could be anybody's. */
export async function markAsProject(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{"private":true}');
}

/** Asked from a folder of ours, so that no project's file takes part. */
async function operatorSettings(empty: string, signal: AbortSignal | undefined): Promise<string> {
  const answer = await execute(
    ['config', 'list', '--json', '--loglevel=error'],
    empty,
    await withoutProject(process.env),
    signal,
  );
  const json = npmAnswer(answer, 'config list');
  const values = new Map<string, unknown>(
    typeof json === 'object' && json !== null ? Object.entries(json) : [],
  );
  const lines = settings.flatMap((name) => {
    const value = values.get(name);
    return typeof value === 'string' && value !== '' ? [`${name}=${value}`] : [];
  });
  const userconfig = values.get('userconfig');
  const own = typeof userconfig === 'string' ? await readFile(userconfig, 'utf8').catch(() => '') : '';
  return [...lines, ...access(own), ''].join('\n');
}

/** Under npx and npm run, npm hands on what the project's `.npmrc` says as if the operator had set it in the environment. */
async function withoutProject(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const project = env['npm_config_local_prefix'];
  if (project === undefined) return env;
  const text = await readFile(join(project, '.npmrc'), 'utf8').catch(() => '');
  const names = text.split('\n').map((line) => line.split(/[=[\]]/)[0]?.trim() ?? '');
  const theirs = new Set(names.map((name) => `npm_config_${name.replaceAll('-', '_').toLowerCase()}`));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !theirs.has(name.toLowerCase())));
}

/** Which registry has a scope, and how one proves who asks: the lines of a `.npmrc` that are about access. */
function access(npmrc: string): readonly string[] {
  return npmrc
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^(?:\/\/[^=]+:[\w-]+|@[^=]+:registry)\s*=/.test(line))
    .map((line) => line.replace(/\$\{(\w+)\??\}/g, (_, name: string) => process.env[name] ?? ''));
}

function execute(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { file, first } = npmCommand();
  const options = {
    cwd,
    env,
    maxBuffer: maxOutput,
    timeout: timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    execFile(file, [...first, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (signal?.aborted === true) reject(error);
      else if (error.code === 'ENOENT')
        reject(
          new PackError('NPM_MISSING', 'npm was not found', {
            cause: error,
            hint: 'packing a folder or an npm package needs npm; install Node.js with npm, or give a .tgz file',
          }),
        );
      else if (error.killed === true)
        reject(
          new PackError(
            'NPM_FAILED',
            `npm ${args[0] ?? ''} did not end within ${timeoutMs / 60_000} minutes`,
            {
              cause: error,
            },
          ),
        );
      else reject(npmFailure(args, stderr, error));
    });
  });
}
