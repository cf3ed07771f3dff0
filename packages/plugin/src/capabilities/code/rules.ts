import type { CapabilityName } from '../items.ts';

/** How the value of a use is told from the arguments of the call. */
export type ValueOf = 'place' | 'url' | 'host' | 'program' | 'shell' | 'node' | 'none';
export interface Rule {
  readonly uses: readonly CapabilityName[];
  readonly value: ValueOf;
}

interface ModuleRule {
  /** By member; null is a member that needs no capability. */
  readonly members: ReadonlyMap<string, Rule | null>;
  /** Of every other member, and of the module handed on as a whole; null: they need none. */
  readonly others: Rule | null;
}

const rule = (uses: readonly CapabilityName[], value: ValueOf = 'none'): Rule => ({ uses, value });
const members = (
  ...groups: readonly (readonly [names: string, rule: Rule | null])[]
): ReadonlyMap<string, Rule | null> =>
  new Map(groups.flatMap(([names, one]) => names.split(/\s+/).map((name) => [name, one] as const)));

const reads = rule(['fs.read'], 'place');
const writes = rule(['fs.write'], 'place');
const connects = rule(['net.connect']);
const evaluates = rule(['eval']);
const both = rule(['fs.read', 'fs.write']);

/** Every call, its Sync form and its promise are one. What works on a descriptor needs what opened it, and no more. */
const fs: ModuleRule = {
  members: members(
    [
      'readFile readFileSync stat statSync lstat lstatSync access accessSync exists existsSync readdir readdirSync opendir opendirSync readlink readlinkSync realpath realpathSync createReadStream watch watchFile glob globSync openAsBlob statfs statfsSync',
      reads,
    ],
    [
      'writeFile writeFileSync appendFile appendFileSync mkdir mkdirSync rm rmSync rmdir rmdirSync unlink unlinkSync rename renameSync copyFile copyFileSync cp cpSync symlink symlinkSync link linkSync chmod chmodSync lchmod lchmodSync chown chownSync lchown lchownSync utimes utimesSync lutimes lutimesSync truncate truncateSync createWriteStream mkdtemp mkdtempSync mkdtempDisposable mkdtempDisposableSync',
      writes,
    ],
    ['open openSync', rule(['fs.read', 'fs.write'], 'place')],
    [
      'close closeSync fstat fstatSync fsync fsyncSync fdatasync fdatasyncSync read readSync readv readvSync write writeSync writev writevSync ftruncate ftruncateSync fchmod fchmodSync fchown fchownSync futimes futimesSync unwatchFile constants Stats BigIntStats StatFs Dirent Dir F_OK R_OK W_OK X_OK _toUnixTimestamp',
      null,
    ],
    ['ReadStream', reads],
    ['WriteStream', writes],
  ),
  others: both,
};

const processRule: ModuleRule = {
  members: members(
    ['binding _linkedBinding dlopen', rule(['native'])],
    ['loadEnvFile', reads],
    ['_debugProcess _debugEnd', evaluates],
  ),
  others: null,
};

const http: ModuleRule = {
  members: members(['request get', rule(['net.connect'], 'url')], ['ClientRequest', connects]),
  others: null, // classes, tables and servers: listening is no capability of the manifest
};

const modules: ReadonlyMap<string, ModuleRule> = new Map<string, ModuleRule>([
  ['fs', fs],
  ['fs/promises', fs],
  ['process', processRule],
  ['http', http],
  ['https', http],
  ['http2', { members: members(['connect', rule(['net.connect'], 'url')]), others: null }],
  [
    'net',
    {
      members: members(
        ['connect createConnection', rule(['net.connect'], 'host')],
        ['Socket Stream', connects],
      ),
      others: null,
    },
  ],
  [
    'tls',
    { members: members(['connect', rule(['net.connect'], 'host')], ['TLSSocket', null]), others: null },
  ],
  ['dgram', { members: members(['createSocket Socket', connects]), others: null }],
  ['quic', { members: members(['connect', rule(['net.connect'], 'host')]), others: null }],
  [
    'dns',
    {
      members: members([
        'setDefaultResultOrder getDefaultResultOrder promises ADDRCONFIG V4MAPPED ALL NODATA NOTFOUND SERVFAIL',
        null,
      ]),
      others: connects,
    },
  ],
  ['dns/promises', { members: new Map(), others: connects }],
  [
    'child_process',
    {
      members: members(
        ['spawn spawnSync execFile execFileSync', rule(['exec'], 'program')],
        ['exec execSync', rule(['exec'], 'shell')],
        ['fork', rule(['exec'], 'node')],
        ['ChildProcess', null],
      ),
      others: rule(['exec']),
    },
  ],
  [
    'cluster',
    {
      members: members(['isMaster isPrimary isWorker worker workers SCHED_NONE SCHED_RR on', null]),
      others: rule(['exec'], 'node'),
    },
  ],
  ['worker_threads', { members: members(['Worker', rule(['worker'])]), others: null }],
  ['vm', { members: members(['isContext constants measureMemory', null]), others: evaluates }],
  [
    'module',
    {
      members: members([
        'register registerHooks _compile _extensions wrap runMain _resolveFilename _nodeModulePaths',
        evaluates,
      ]),
      others: null,
    },
  ],
  ['inspector', { members: new Map(), others: evaluates }],
  ['inspector/promises', { members: new Map(), others: evaluates }],
  ['repl', { members: members(['builtinModules', null]), others: evaluates }],
  ['v8', { members: members(['setFlagsFromString', evaluates]), others: null }],
  ['sqlite', { members: members(['constants', null]), others: rule(['fs.write'], 'place') }],
  ['wasi', { members: new Map(), others: both }],
  ['ffi', { members: new Map(), others: rule(['native']) }],
]);

/** Packages whose purpose is to find and load a native file by a computed name. */
const nativeLoaders: ReadonlySet<string> = new Set([
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  '@mapbox/node-pre-gyp',
  'node-pre-gyp',
  'ffi-napi',
  'koffi',
]);

const globals: ReadonlyMap<string, Rule> = new Map([
  ['fetch', rule(['net.connect'], 'url')],
  ['WebSocket', rule(['net.connect'], 'url')],
  ['EventSource', rule(['net.connect'], 'url')],
]);

/** What using a member of a module or of the global object needs; null if nothing. */
export function ruleOf(ref: readonly string[]): Rule | null {
  const [module = '', first, second] = ref;
  if (module === '')
    return first === undefined ? null : ref.length === 2 ? (globals.get(first) ?? null) : null;
  if (module === 'module' && ref.includes('_compile')) return evaluates;
  const found = modules.get(module);
  if (found === undefined) return null;
  const inner = first === 'promises' && second !== undefined ? second : first;
  if (inner === undefined || (inner === 'promises' && module !== 'dns')) return found.others;
  return found.members.has(inner) ? (found.members.get(inner) ?? null) : found.others;
}

export function loadsNative(specifier: string): boolean {
  return specifier.endsWith('.node') || nativeLoaders.has(specifier);
}

/** They choose behaviour and hold no secret: reading one that is not granted gives undefined, as on most machines. */
const harmless =
  /^(?:RAGV_DATA|RAGV_PLUGIN_ROOT|NODE_ENV|NODE_DEBUG|NODE_V8_COVERAGE|DEBUG\w*|NO_COLOR|FORCE_COLOR|COLORTERM|TERM\w*|CI|TZ|LANG|LC_\w+|LANGUAGE|COLUMNS|LINES|npm_(?:lifecycle_event|execpath|config_user_agent)|HOME|USERPROFILE|HOMEDRIVE|HOMEPATH|PATH|Path|PATHEXT|TMPDIR|TEMP|TMP|SHELL|ComSpec|COMSPEC|comspec|PWD|EDITOR|VISUAL|USER|USERNAME|LOGNAME|APPDATA|LOCALAPPDATA|XDG_\w+|SystemRoot|SYSTEMROOT|windir|OSTYPE|MSYSTEM|TEAMCITY_VERSION|TRAVIS|CIRCLECI|APPVEYOR|GITLAB_CI|GITHUB_ACTIONS|BUILDKITE|DRONE|WT_SESSION|ConEmuTask|VITEST|JEST_WORKER_ID|WSL_DISTRO_NAME|WSLENV)$/;

export function isHarmlessVariable(name: string): boolean {
  return harmless.test(name);
}
