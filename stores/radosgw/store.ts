import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../interop/lib/run.ts';
import {
  answering,
  cache,
  daemon,
  freePorts,
  must,
  NotHereError,
  stop,
  type Daemon,
  type Store,
} from '../lib/server.ts';

const folder = join(cache, 'ceph');
const root = join(folder, 'root');
const wanted = ['radosgw', 'ceph-mon', 'ceph-osd'];
const libraries = ['usr/lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/ceph', 'lib/x86_64-linux-gnu'];

/**
 * Debian's packages, unpacked into the cache: it takes no root, and changes nothing of the machine. Those that are
 * installed already are not fetched again; if all are, the machine's own are used.
 */
async function setUp(): Promise<void> {
  if (existsSync(root)) return;
  const planned = await must('apt-get', ['install', '-s', '--no-install-recommends', ...wanted], cache);
  const names = [...planned.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '');
  await rm(folder, { recursive: true, force: true });
  const unpacked = join(folder, 'unpacking');
  const packages = join(folder, 'packages');
  await mkdir(unpacked, { recursive: true });
  await mkdir(packages);
  if (names.length > 0) await must('apt-get', ['download', ...names], packages);
  for (const name of await readdir(packages))
    await must('dpkg', ['-x', join(packages, name), unpacked], packages);
  await rm(packages, { recursive: true });
  await rename(unpacked, root);
}

const program = (name: string): string => {
  const own = join(root, 'usr/bin', name);
  return existsSync(own) ? own : name;
};
const environment = { LD_LIBRARY_PATH: libraries.map((path) => join(root, path)).join(':') };
const installed = (path: string): string => (existsSync(join(root, path)) ? join(root, path) : `/${path}`);

/**
 * One monitor, one store in memory, one gateway; no manager and no `ceph` command. Authentication between them is off, as
 * all listen on loopback only; that of S3 is on.
 */
function configuration(at: string, monitor: number, gateway: number): string {
  return `[global]
fsid = ${'1'.repeat(8)}-2222-3333-4444-${'5'.repeat(12)}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
mon_host = [v2:127.0.0.1:${monitor}/0]
public_addr = 127.0.0.1
ms_bind_ipv6 = false
ms_bind_msgr1 = false
run_dir = ${at}
pid_file = ${at}/$name.pid
log_file = ${at}/$name.log
log_to_syslog = false
mon_cluster_log_file = ${at}/cluster.log
admin_socket =
crash_dir = ${at}
erasure_code_dir = ${installed('usr/lib/x86_64-linux-gnu/ceph/erasure-code')}
plugin_dir = ${installed('usr/lib/x86_64-linux-gnu/ceph')}
osd_class_dir = ${installed('usr/lib/x86_64-linux-gnu/rados-classes')}
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 2
osd_pool_default_pgp_num = 2
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_data_avail_warn = 0
mon_data_avail_crit = 0
osd_objectstore = memstore
memstore_device_bytes = 4294967296
keyring =
[mon]
mon_data = ${at}/mon
[osd]
osd_data = ${at}/osd
[client.rgw]
ms_mon_client_mode = crc
rgw_frontends = beast endpoint=127.0.0.1:${gateway} tcp_nodelay=1
rgw_data = ${at}/rgw
rgw_thread_pool_size = 64
debug_rgw = 0
`;
}

/** S3 by Ceph. */
export const radosgw: Store = {
  name: 'radosgw',
  async setUp() {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new NotHereError('it takes Debian on x64');
    await mkdir(cache, { recursive: true });
    await setUp();
  },
  async start(at) {
    const [monitor = 0, gateway = 0] = await freePorts(2);
    const conf = join(at, 'ceph.conf');
    for (const name of ['mon', 'osd', 'rgw']) await mkdir(join(at, name));
    await writeFile(conf, configuration(at, monitor, gateway));
    const call = (name: string, ...args: string[]) => must(program(name), args, at, environment, 60);
    const daemons: Daemon[] = [];
    const begin = async (name: string, ...args: string[]): Promise<void> =>
      void daemons.push(
        await daemon(program(name), ['-f', '-c', conf, ...args], { folder: at, name, env: environment }),
      );
    try {
      const fsid = `${'1'.repeat(8)}-2222-3333-4444-${'5'.repeat(12)}`;
      const monmap = join(at, 'monmap');
      const osdmap = join(at, 'osdmap');
      await call(
        'monmaptool',
        '--create',
        '--addv',
        'a',
        `[v2:127.0.0.1:${monitor}]`,
        '--fsid',
        fsid,
        monmap,
      );
      await call('osdmaptool', '--createsimple', '1', '--pg-bits', '1', osdmap);
      await call(
        'ceph-mon',
        '--mkfs',
        '-i',
        'a',
        '--monmap',
        monmap,
        '--osdmap',
        osdmap,
        '--keyring',
        '/dev/null',
        '-c',
        conf,
      );
      await begin('ceph-mon', '-i', 'a');
      await call('ceph-osd', '--mkfs', '-i', '0', '-c', conf); // asks the monitor
      await begin('ceph-osd', '-i', '0');
      await begin('radosgw', '-n', 'client.rgw');
      await answering(`http://127.0.0.1:${gateway}/`, daemons);
      const [id, secret] = [randomBytes(8).toString('hex'), randomBytes(16).toString('hex')];
      await call(
        'radosgw-admin',
        '-c',
        conf,
        'user',
        'create',
        '--uid=ragv',
        '--display-name=ragv',
        `--access-key=${id}`,
        `--secret=${secret}`,
      );
      return {
        env: {
          RAGV_TEST_S3: `http://127.0.0.1:${gateway}`,
          RAGV_TEST_STORE: `s3://NAME/vault?endpoint=http://127.0.0.1:${gateway}`,
          AWS_ACCESS_KEY_ID: id,
          AWS_SECRET_ACCESS_KEY: secret,
          AWS_REGION: 'us-east-1',
        },
        stop: () => stop(daemons),
      };
    } catch (error) {
      await stop(daemons);
      throw error;
    }
  },
};

/** For the report. */
export async function radosgwVersion(): Promise<string> {
  const ran = await run(program('radosgw'), ['--version'], { env: environment, timeoutMs: 10_000 });
  return /version (\S+)/.exec(ran.stdout)?.[1] ?? 'unknown';
}
