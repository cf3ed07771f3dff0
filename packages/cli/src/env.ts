/** Every environment variable that `ragv` looks at; `ragv env` and the manual page are made from this table. */
export const environment = {
  RAGV_HOME:
    'the host’s folder: trusted roots, installed plugins, events (default: the data folder of the system)',
  RAGV_POLICY: 'a policy that holds on this host; see docs/policy.md',
  RAGV_VAULT: 'the operator’s folder, where ragv.toml is (default: the current folder)',
  RAGV_KEY_PASSWORD_FILE: 'a file, mode 0600, with the password of every key',
  RAGV_KEY_PASSWORD: 'the password itself; prefer the file, since other programs may see the environment',
  'RAGV_<ROLE>_KEY_PASSWORD_FILE':
    'as above for one role, such as RAGV_TIMESTAMP_KEY_PASSWORD_FILE; takes precedence',
  'RAGV_<ROLE>_KEY_PASSWORD': 'as above for one role; takes precedence',
  RAGV_KEY_NEW_PASSWORD_FILE: 'for `ragv key passwd`: a file with the new password',
  RAGV_KEY_NEW_PASSWORD: 'the new password itself',
  'RAGV_<ROLE>_KEY_NEW_PASSWORD_FILE': 'as above for one role; takes precedence',
  'RAGV_<ROLE>_KEY_NEW_PASSWORD': 'as above for one role; takes precedence',
  RAGV_ALERT_URL:
    'a webhook that `ragv refresh --watch` tells what it cannot do; a secret, so rather here than as --alert-url',
  RAGV_PLUGIN_ROOT: 'set for a plugin that `ragv run` starts: the folder it is installed in',
  RAGV_DATA: 'set for a plugin that was granted a folder of its own: where that is',
  HTTP_PROXY: 'proxy for http:, also HTTPS_PROXY and NO_PROXY, in either case',
  NO_COLOR: 'no colour, whatever its value',
  XDG_DATA_HOME: 'the data folder of the system, below which the host’s folder is `ragv`',
} as const;

/** Whether `name` of the table is set; `<ROLE>` stands for any role. */
export function isSet(name: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const pattern = new RegExp(`^${name.replace('<ROLE>', '[A-Z0-9_]+')}$`);
  return Object.keys(env).some((key) => pattern.test(key) && env[key] !== undefined);
}
