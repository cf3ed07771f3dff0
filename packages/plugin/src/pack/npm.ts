import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PackError } from '../errors.ts';

/** npm, cut off from the project that is packed: its `.npmrc`, its scripts and the environment have no say. */
export interface Npm {
  /** Runs npm in `folder`; resolves with its stdout. @throws PackError `NPM_FAILED` */
  run(args: readonly string[], folder: string): Promise<string>;
}

/** What of the operator's own npm configuration is needed to reach the registry; never a project's. */
const settings = ['registry', 'cafile', 'proxy', 'https-proxy', 'noproxy', 'cache'] as const;
/** Everything else in the environment could change what is packed. */
const kept = [
  'PATH',
  'SystemRoot',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];
const timeoutMs = 10 * 60_000;
const maxOutput = 16 * 1024 * 1024;

/** Calls `use` with an npm that lives in a home of its own, which is removed afterwards. */
export async function withNpm<T>(signal: AbortSignal | undefined, use: (npm: Npm) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'ragv-npm-'));
  try {
    const userconfig = join(home, 'npmrc');
    await writeFile(userconfig, await operatorSettings(home, signal), { mode: 0o600 });
    const env: NodeJS.ProcessEnv = {
      HOME: home,
      USERPROFILE: home,
      NODE_ENV: 'production',
      TZ: 'UTC',
      npm_config_userconfig: userconfig,
      npm_config_globalconfig: join(home, 'global'),
    };
    for (const name of kept) if (process.env[name] !== undefined) env[name] = process.env[name];
    const common = [
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--loglevel=error',
    ];
    return await use({ run: (args, folder) => execute([...args, ...common], folder, env, signal) });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Asked from an empty folder, so that no project's file takes part. */
async function operatorSettings(empty: string, signal: AbortSignal | undefined): Promise<string> {
  const json: unknown = JSON.parse(
    await execute(['config', 'list', '--json', '--loglevel=error'], empty, process.env, signal),
  );
  const values = new Map<string, unknown>(
    typeof json === 'object' && json !== null ? Object.entries(json) : [],
  );
  const lines = settings
    .map((name) => [name, values.get(name)] as const)
    .filter(([, value]) => typeof value === 'string' && value !== '');
  return lines.map(([name, value]) => `${name}=${String(value)}\n`).join('');
}

function execute(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd,
      env,
      maxBuffer: maxOutput,
      timeout: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    };
    execFile(
      process.platform === 'win32' ? 'npm.cmd' : 'npm',
      [...args],
      options,
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        if (signal?.aborted === true) return reject(error);
        const said = stderr
          .split('\n')
          .filter((line) => line.trim() !== '' && !line.includes('A complete log'))
          .slice(0, 5)
          .join('; ');
        reject(
          new PackError(
            'NPM_FAILED',
            `npm ${args.slice(0, 2).join(' ')} failed: ${said === '' ? error.message : said}`,
            {
              cause: error,
              hint: 'check the name, the network and the registry that `npm config get registry` shows',
            },
          ),
        );
      },
    );
  });
}
