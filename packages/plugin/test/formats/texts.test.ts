import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { FormatError, parseManifest, serializeManifest, textHash, type PluginManifest } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { fittingTexts, maxTextBytes, textDigest } from '../../src/formats/texts.ts';
import { canonical } from '../../src/load/mcp/texts.ts';
import { asObject, digest, manifest, withMember } from './samples.ts';

const schema: unknown = JSON.parse(
  await readFile(new URL('../../../../docs/reference/plugin-manifest.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(asObject(schema));
const accepts = (bytes: Uint8Array): boolean => validate(JSON.parse(new TextDecoder().decode(bytes)));

const tool = {
  name: 'send',
  description: 'sends\n\u0085a \u202email\ud800',
  inputSchema: { type: 'object' },
};
const said = canonical(tool);

function withTexts(tools: Readonly<Record<string, string>>, listed = tools): PluginManifest {
  const digests = Object.fromEntries(Object.entries(listed).map(([name, text]) => [name, textDigest(text)]));
  return manifest({
    capabilities: { tools: digests },
    texts: { tools: new Map(Object.entries(tools)), prompts: new Map() },
  });
}

describe('the texts of a manifest', () => {
  test('are what is hashed, and are read back as they were written', () => {
    const given = withTexts({ send: said });
    expect(given.capabilities).toEqual({ tools: { send: textHash(tool) } });
    const bytes = serializeManifest(given);
    expect(parseManifest(bytes)).toEqual(given);
    expect(accepts(bytes)).toBe(true);
  });

  test('may be missing: of all, as manifests were before, or of some', () => {
    const old = serializeManifest(manifest({ capabilities: { tools: { send: digest('a') } } }));
    expect(new TextDecoder().decode(old)).not.toContain('"texts"');
    expect(parseManifest(old).texts).toBeUndefined();
    expect(parseManifest(serializeManifest(withTexts({}, { send: said }))).texts?.tools.size).toBe(0);
  });

  const refused: Readonly<Record<string, PluginManifest>> = {
    'another text than the listed one': withTexts({ send: `${said} ` }, { send: said }),
    'a text that is not listed': withTexts({ send: said }, {}),
    'more than fits': withTexts({ send: 'x'.repeat(maxTextBytes + 1) }),
    'more than fits, together': withTexts({
      a: '\u00e4'.repeat(maxTextBytes / 4),
      b: 'x'.repeat(maxTextBytes / 2 + 1),
    }),
  };
  test.each(Object.entries(refused))('%s is refused', (_name, given) =>
    expect(() => parseManifest(serializeManifest(given))).toThrow(FormatError),
  );
  test.each([[[]], ['x'], [{ tools: [] }], [{ tools: { send: {} } }]])(
    '%j is refused, also by the schema',
    (value) => {
      const bytes = withMember(serializeManifest(withTexts({ send: said })), ['texts'], value);
      expect(() => parseManifest(bytes)).toThrow(FormatError);
      expect(accepts(bytes)).toBe(false);
    },
  );

  test('that are too many: those that fit, the same on every machine', () => {
    const half = 'x'.repeat(maxTextBytes / 2);
    const all = [
      ['c', 'y'],
      ['b', half],
      ['d', half],
      ['a', half],
    ] as const;
    const { texts, leftOut } = fittingTexts({ tools: new Map(all), prompts: new Map() });
    expect([[...texts.tools.keys()], leftOut]).toEqual([['a', 'b'], 2]);
    expect(fittingTexts({ tools: new Map(all.toReversed()), prompts: new Map() }).texts).toEqual(texts);
  });
});
