/** Every environment variable that `ragv` looks at; `ragv env` and the manual page are made from this table. */
export const environment = {
  RAGV_HOME:
    'the host’s folder: trusted roots, installed plugins, events (default: the data folder of the system)',
  RAGV_VAULT: 'the operator’s folder, where ragv.toml is (default: the current folder)',
  RAGV_KEY_PASSWORD_FILE: 'a file, mode 0600, with the password of every key',
  RAGV_KEY_PASSWORD: 'the password itself; prefer the file, since other programs may see the environment',
  'RAGV_<ROLE>_KEY_PASSWORD_FILE':
    'as above for one role, such as RAGV_TIMESTAMP_KEY_PASSWORD_FILE; takes precedence',
  'RAGV_<ROLE>_KEY_PASSWORD': 'as above for one role; takes precedence',
  RAGV_KEY_NEW_PASSWORD_FILE: 'for `ragv key passwd`: a file with the new password',
  HTTP_PROXY: 'proxy for http:, also HTTPS_PROXY and NO_PROXY, in either case',
  NO_COLOR: 'no colour, whatever its value',
  XDG_DATA_HOME: 'the data folder of the system, below which the host’s folder is `ragv`',
} as const;
