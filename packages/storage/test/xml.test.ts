import { describe, expect, test } from 'vitest';
import { parseXml, xmlEscaped, xmlLimits, xmlText } from '../src/xml.ts';

const parse = (text: string) => parseXml(Buffer.from(text));

test('elements, attributes, text, entities and empty elements', () => {
  const root = parse(
    '<?xml version="1.0" encoding="UTF-8"?>\n<List xmlns="http://example/"  a=\'1\'>\n <Item><Key>a &amp; b&#x21;&#65;</Key><None/></Item >\n</List>\n',
  );
  expect(root?.name).toBe('List');
  expect(xmlText(root, 'Item', 'Key')).toBe('a & b!A');
  expect(xmlText(root, 'Item', 'None')).toBe('');
  expect(xmlText(root, 'Item', 'Other')).toBeUndefined();
});
test('text is kept as it is', () => expect(xmlText(parse('<a><b> x\n</b></a>'), 'b')).toBe(' x\n'));
test('what we write can be read', () => {
  const odd = `<>&"'ü`;
  expect(parse(`<a>${xmlEscaped(odd)}</a>`)?.text).toBe(odd);
});

const bad: Readonly<Record<string, string>> = {
  nothing: '',
  'text alone': 'hello',
  'a page of a proxy': '<!DOCTYPE html><html><body>Bad Gateway</body></html>',
  'a document type with entities': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  'an unknown entity': '<a>&nbsp;</a>',
  'a bare ampersand': '<a>a & b</a>',
  'the character zero': '<a>&#0;</a>',
  'past Unicode': '<a>&#x110000;</a>',
  'a comment': '<a><!-- x --></a>',
  CDATA: '<a><![CDATA[x]]></a>',
  'a prefix': '<s3:a></s3:a>',
  'mixed content': '<a>text<b/></a>',
  'never closed': '<a><b></b>',
  'closed twice': '<a></a></a>',
  'closed by another': '<a></b>',
  'two roots': '<a/><b/>',
  'text after the root': '<a/>x',
  'a declaration inside': '<a><?xml version="1.0"?></a>',
  'an unquoted attribute': '<a b=c></a>',
  'too deep': `${'<a>'.repeat(xmlLimits.maxDepth + 1)}${'</a>'.repeat(xmlLimits.maxDepth + 1)}`,
  'too many': `<a>${'<b/>'.repeat(xmlLimits.maxElements)}</a>`,
};
describe('is not read', () => {
  for (const [name, text] of Object.entries(bad)) test(`with ${name}`, () => expect(parse(text)).toBeNull());
  test('broken UTF-8', () => expect(parseXml(Buffer.from([0x3c, 0x61, 0x3e, 0xff]))).toBeNull());
});
