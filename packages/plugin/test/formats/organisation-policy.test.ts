import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  FormatError,
  parseOrganisationPolicy,
  rangeProblems,
  ruleWords,
  serializeOrganisationPolicy,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { asObject } from './samples.ts';

const read = async (name: string): Promise<object> =>
  asObject(
    JSON.parse(
      await readFile(new URL(`../../../../docs/reference/${name}.schema.json`, import.meta.url), 'utf8'),
    ),
  );
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(await read('capabilities'));
const validate = ajv.compile(await read('organisation-policy'));

const format = 'ragnos-organisation-policy/1';
const bytesOf = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const withRule = (rule: object): object => ({ format, rules: [{ for: '*', ...rule }] });

const good: Readonly<Record<string, object>> = {
  nothing: { format },
  'for an editor': { $schema: './organisation-policy.schema.json', format, vendors: [], rules: [] },
  everything: {
    format,
    vendors: ['acme', 'ragnos'],
    rules: [
      {
        for: 'acme/hello',
        reason: 'incident 7',
        refuse: true,
        versions: '^1.2 || 2.0.0',
        mode: 'sandbox',
        cooldown: { hours: 24, unlessReplacingRevoked: true },
        rollout: { percent: 10, channel: 'latest' },
        requires: ['sbom', 'provenance'],
        files: { allow: ['js', 'd.ts', 'c++', ''], refuse: ['tar.gz'] },
        capabilities: {
          'fs.read': ['$project'],
          'fs.write': [],
          'net.connect': ['GET api.example.com:443'],
          env: [],
          exec: ['git'],
          native: false,
          worker: true,
          eval: false,
          requests: ['roots/list'],
          tools: ['send'],
          prompts: [],
          limits: { memoryMb: 128 },
        },
        onRevoked: 'stop',
        healthCheck: 'start',
        grant: 'all',
      },
      { for: 'acme/*', cooldown: { hours: 0 }, rollout: { percent: 0 }, grant: { env: ['A'] } },
      { for: '*' },
      { for: '*', files: { allow: [] } },
      { for: '*', files: { refuse: ['exe'] } },
    ],
  },
};

const bad: Readonly<Record<string, object>> = {
  'another format': { format: 'ragnos-organisation-policy/2' },
  'a member that nobody knows': { format, rule: [] },
  'a rule for nobody': { format, rules: [{}] },
  'a rule for everybody called hello': { format, rules: [{ for: '*/hello' }] },
  'a rule for a path': { format, rules: [{ for: 'acme/hello/x' }] },
  'a rule for an upper-case vendor': { format, rules: [{ for: 'Acme/*' }] },
  'a rule that is spelled wrongly': withRule({ refused: true }),
  'a refusal in words': withRule({ refuse: 'yes' }),
  'a mode that nobody knows': withRule({ mode: 'none' }),
  'a cooldown without hours': withRule({ cooldown: {} }),
  'a cooldown that is negative': withRule({ cooldown: { hours: -1 } }),
  'a cooldown in days': withRule({ cooldown: { hours: 1, days: 3 } }),
  'a rollout beyond all': withRule({ rollout: { percent: 101 } }),
  'a rollout in parts of a percent': withRule({ rollout: { percent: 0.5 } }),
  'evidence with a space': withRule({ requires: ['an sbom'] }),
  'files of no kind said': withRule({ files: {} }),
  'files as a list': withRule({ files: ['exe'] }),
  'files with a word that nobody knows': withRule({ files: { refuse: ['exe'], deny: ['node'] } }),
  'a kind of files in capitals': withRule({ files: { refuse: ['EXE'] } }),
  'a kind of files with its dot': withRule({ files: { refuse: ['.exe'] } }),
  'a kind of files with a star': withRule({ files: { allow: ['*'] } }),
  'a kind of files in a folder': withRule({ files: { allow: ['lib/js'] } }),
  'a kind of files that is a number': withRule({ files: { allow: [7] } }),
  'a kind of files of 65 characters': withRule({ files: { refuse: ['x'.repeat(65)] } }),
  'capabilities that nobody knows': withRule({ capabilities: { 'net.conect': [] } }),
  'a place that climbs': withRule({ capabilities: { 'fs.read': ['$home/..'] } }),
  'tools with digests': withRule({ capabilities: { tools: { send: 'a'.repeat(64) } } }),
  'a limit that is none': withRule({ capabilities: { limits: { memoryMb: 0 } } }),
  'what to do with the revoked': withRule({ onRevoked: 'ignore' }),
  'a health check that is none': withRule({ healthCheck: 'ping' }),
  'a grant of nothing known': withRule({ grant: 'some' }),
  'two lines': withRule({ reason: 'a\nb' }),
};

describe('a policy', () => {
  for (const [name, json] of Object.entries(good))
    test(`${name}: reader and schema take it, and it is written as it was`, () => {
      const policy = parseOrganisationPolicy(bytesOf(json));
      expect([validate(json), validate.errors]).toEqual([true, null]);
      expect(parseOrganisationPolicy(serializeOrganisationPolicy(policy))).toEqual(policy);
    });
  for (const [name, json] of Object.entries(bad))
    test(`${name}: reader and schema refuse it`, () => {
      expect(() => parseOrganisationPolicy(bytesOf(json))).toThrow(FormatError);
      expect(validate(json)).toBe(false);
    });

  test('the example of docs/policy.md is one', async () => {
    const page = await readFile(new URL('../../../../docs/policy.md', import.meta.url), 'utf8');
    const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
    const json: unknown = JSON.parse(example);
    expect(parseOrganisationPolicy(new TextEncoder().encode(example)).rules).toHaveLength(4);
    expect(validate(json)).toBe(true);
  });

  test('too many rules, and bytes that are no JSON, are refused', () => {
    const many = { format, rules: Array.from({ length: 1001 }, () => ({ for: '*' })) };
    expect(() => parseOrganisationPolicy(bytesOf(many))).toThrow('rules: expected at most 1000');
    expect(() => parseOrganisationPolicy(new Uint8Array([0xff]))).toThrow(FormatError);
  });

  test('what a grant does not name it does not grant', () => {
    const { rules } = parseOrganisationPolicy(bytesOf(withRule({ grant: { 'fs.write': ['$project'] } })));
    expect(rules[0]?.grant).toMatchObject({
      write: ['$project'],
      read: ['$project'],
      env: [],
      exec: [],
      eval: false,
    });
  });

  test('a bound that is absent binds nothing, and one that is empty everything', () => {
    const { rules } = parseOrganisationPolicy(bytesOf(withRule({ capabilities: { exec: [] } })));
    expect(rules[0]?.capabilities).toMatchObject({ exec: [], env: undefined, native: undefined });
  });

  test('versions that are no range are found', async () => {
    const policy = parseOrganisationPolicy(
      bytesOf({ format, rules: [{ for: '*' }, { for: '*', versions: 'soon' }] }),
    );
    expect(await rangeProblems(policy)).toEqual(['rules[1]: soon is no range of versions']);
  });

  test('each rule has words', () => {
    const { rules } = parseOrganisationPolicy(bytesOf(good['everything']));
    expect(rules.map(ruleWords)).toEqual([
      expect.stringMatching(
        /^acme\/hello: refused; only versions \^1\.2 .*at least mode sandbox.*; only files \.js, \.d\.ts, \.c\+\+, without an ending; no files \.tar\.gz; .*\(incident 7\)$/,
      ),
      expect.stringContaining('acme/*: waits 0 hours'),
      '*: nothing',
      '*: no files at all',
      '*: no files .exe',
    ]);
  });
});
