import { array, assert, integer, jsonValue, option, property, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nothingGranted } from '../../src/confine/grant.ts';
import { encodeFrame, FrameDecoder, FrameError } from '../../src/confine/preload/frames.ts';
import { overlaps } from '../../src/confine/inside.ts';
import { sandboxProfile } from '../../src/confine/sandbox-exec.ts';

describe('frames', () => {
  const frames = array(
    tuple(integer({ min: 0, max: 255 }), jsonValue(), option(uint8Array({ minLength: 1 }))),
  );

  test('come out as they went in, in pieces of any size', () => {
    assert(
      property(frames, integer({ min: 1, max: 50 }), (all, size) => {
        const wire = Buffer.concat(all.map(([lane, value, bytes]) => encodeFrame(lane, value, bytes, 1e6)));
        const decoder = new FrameDecoder(1e6);
        const out = [];
        for (let at = 0; at < wire.length; at += size)
          out.push(...decoder.push(wire.subarray(at, at + size)));
        const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        expect(
          out.map(({ lane, value, bytes }) => [lane, value, bytes === null ? null : [...bytes]]),
        ).toEqual(
          all.map(([lane, value, bytes]) => [lane, plain(value), bytes === null ? null : [...bytes]]),
        );
      }),
    );
  });

  test('garbage is a FrameError or nothing, and never much memory', () => {
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        const decoder = new FrameDecoder(1000);
        try {
          for (const frame of decoder.push(Buffer.from(bytes))) expect(frame.lane).toBeLessThan(256);
        } catch (error) {
          if (!(error instanceof FrameError)) throw error;
        }
      }),
    );
  });

  const bad = {
    'longer than a message may be': [0xff, 0xff, 0xff, 0x7f],
    'shorter than its head': [1, 0, 0, 0, 0],
    'its JSON is longer than itself': [5, 0, 0, 0, 0, 200, 0, 0, 0],
    'no JSON': [6, 0, 0, 0, 0, 1, 0, 0, 0, 0x7b],
  };
  test.each(Object.entries(bad))('%s', (_, bytes) => {
    expect(() => [...new FrameDecoder(1000).push(Buffer.from(bytes))]).toThrow(FrameError);
  });
});

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b', true],
  ['/a/b', '/a', true],
  ['/a', '/ab', false],
  ['/', '/a', true],
])('%s and %s overlap: %s', (one, other, expected) => expect(overlaps(one, other)).toBe(expected));

describe('the profile for macOS', () => {
  const profile = sandboxProfile(
    {
      grant: { ...nothingGranted, read: ['/Users/a/"quoted" \\ folder'], write: ['/Users/a/data'] },
      runtime: 'node',
    },
    '/plugins/hello',
    ['/usr/local/bin/node', '/ours'],
  );

  test('denies first, opens no network, and writes where that is granted', () => {
    expect(profile.split('\n').slice(0, 2)).toEqual(['(version 1)', '(deny default)']);
    expect(profile).toContain('(deny network*)');
    expect(profile).not.toContain('(allow network');
    expect(profile).toContain('(allow file-write* (subpath "/dev/null") (subpath "/Users/a/data"))');
    expect(profile).toContain('(allow process-exec (subpath "/usr/local/bin/node"))');
  });

  test('a path cannot end its string', () => {
    expect(profile).toContain(String.raw`(subpath "/Users/a/\"quoted\" \\ folder")`);
  });
});
