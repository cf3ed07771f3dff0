/** The checks of which several attacks have one in their way, disabled. */
import type { Patch } from './weaken.ts';

export const noThreshold: Patch = {
  package: 'tuf',
  file: 'metadata/envelope.js',
  find: 'if (good.size < role.threshold)',
  replace: 'if (false)',
};
export const noRollback: readonly Patch[] = [
  {
    package: 'tuf',
    file: 'trusted-metadata-set.js',
    find: 'if (next < trusted)',
    replace: 'if (false)',
  },
  // A log that got shorter gives an old timestamp away too.
  {
    package: 'client',
    file: 'updater/log-head.js',
    find: "if (step === 'back')",
    replace: 'if (false)',
  },
];
export const noExpiry: readonly Patch[] = [
  {
    package: 'tuf',
    file: 'trusted-metadata-set.js',
    find: 'if (!this.#enforceExpiry || signed.expires > this.#now)',
    replace: 'if (true)',
  },
  {
    package: 'client',
    file: 'updater/in-force.js',
    find: 'if (expires > now)',
    replace: 'if (true)',
  },
];
export const noFileCheck: readonly Patch[] = [
  {
    package: 'tuf',
    file: 'hashes.js',
    find: 'if (expected.length !== null && bytes.length !== expected.length)',
    replace: 'if (false)',
  },
  {
    package: 'tuf',
    file: 'hashes.js',
    find: "if (createHash(algorithm).update(bytes).digest('hex') !== digest)",
    replace: 'if (false)',
  },
  {
    package: 'tuf',
    file: 'trusted-metadata-set.js',
    find: 'if (metadata.signed.version !== expected.version)',
    replace: 'if (false)',
  },
  { package: 'client', file: 'updater/remote.js', find: 'return expected.length;', replace: 'return limit;' },
];
export const noTargetCheck: readonly Patch[] = [
  {
    package: 'client',
    file: 'updater/download.js',
    find: 'if (received !== info.length || wrong !== undefined)',
    replace: 'if (false)',
  },
  {
    package: 'client',
    file: 'updater/download.js',
    find: 'maxLength: info.length',
    replace: 'maxLength: 1e9',
  },
];
export const noContentCheck: readonly Patch[] = [
  {
    package: 'plugin',
    file: 'host/content.js',
    find: "hash('sha256', bytes, 'hex') === sha256",
    replace: 'true',
  },
  {
    package: 'plugin',
    file: 'host/unpack.js',
    find: 'if (entry.body.length !== file.size)',
    replace: 'if (false)',
  },
  {
    package: 'plugin',
    file: 'host/unpack.js',
    find: "if (hash('sha256', entry.body, 'hex') !== file.sha256)",
    replace: 'if (false)',
  },
];
/** Whatever an update asks for or says, nobody is asked. */
export const noConsent: Patch = {
  package: 'plugin',
  file: 'host/consent.js',
  find: 'if (!open)',
  replace: 'if (true)',
};
export const noCooldown: Patch = {
  package: 'plugin',
  file: 'host/policy-judge.js',
  find: 'if (now >= until)',
  replace: 'if (true)',
};
export const noPin: Patch = {
  package: 'plugin',
  file: 'host/policy-judge.js',
  find: 'if (rule.versions !== null && !(await isInRange(rule.versions, version)))',
  replace: 'if (false)',
};
/** The broker connects to whatever it is asked for. */
export const noEgressList: Patch = {
  package: 'plugin',
  file: 'confine/broker/broker.js',
  find: 'checkGranted(this.#grant, { host, port, method });',
  replace: '',
};
/** A plugin may read all that its user may, by Node and in the sandbox: the home folder. */
export const noFileConfinement: Patch = {
  package: 'plugin',
  file: 'load/resolve-grant.js',
  find: "read: resolvePlaces(capabilities.read, 'fs.read'),",
  replace: 'read: [homedir()],',
};
/** The environment of whoever started it is a plugin's too. */
export const noEnvironment: Patch = {
  package: 'plugin',
  file: 'load/start.js',
  find: '...(program.env ?? []),',
  replace: "...Object.entries(process.env).filter(([name]) => name === 'NPM_TOKEN'),",
};
