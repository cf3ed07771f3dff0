import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadlines } from '../../src/load/deadlines.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function made(): { readonly deadlines: Deadlines<string>; readonly late: string[] } {
  const late: string[] = [];
  return { deadlines: new Deadlines((wait) => late.push(wait)), late };
}

test('each has its own end, whatever was set before and after it', () => {
  const { deadlines, late } = made();
  deadlines.set('long', 1000);
  deadlines.set('short', 50);
  deadlines.set('middle', 300);
  vi.advanceTimersByTime(49);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(late).toEqual(['short']);
  vi.advanceTimersByTime(250);
  expect(late).toEqual(['short', 'middle']);
  vi.advanceTimersByTime(10_000);
  expect(late).toEqual(['short', 'middle', 'long']);
});

test('what is over in time, or set anew, is not late; each is told of once', () => {
  const { deadlines, late } = made();
  deadlines.set('over', 100);
  deadlines.set('again', 100);
  vi.advanceTimersByTime(90);
  deadlines.clear('over');
  deadlines.set('again', 100);
  vi.advanceTimersByTime(90);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(late).toEqual(['again']);
});

test('a wait that ends another when it is late, and one that begins then', () => {
  const late: string[] = [];
  const deadlines: Deadlines<string> = new Deadlines((wait) => {
    late.push(wait);
    deadlines.clear('b');
    if (wait === 'a') deadlines.set('c', 10);
  });
  deadlines.set('a', 10);
  deadlines.set('b', 10);
  vi.advanceTimersByTime(11);
  expect(late).toEqual(['a']);
  vi.advanceTimersByTime(11);
  expect(late).toEqual(['a', 'c']);
});

test('a time without an end, and one that no timer can hold', () => {
  const { deadlines, late } = made();
  deadlines.set('never', Number.POSITIVE_INFINITY);
  deadlines.set('in a year', 366 * 86_400_000);
  vi.advanceTimersByTime(30 * 86_400_000);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(366 * 86_400_000);
  expect(late).toEqual(['in a year']);
});

test('closed, nothing is late and no timer is left', () => {
  const { deadlines, late } = made();
  deadlines.set('a', 10);
  deadlines.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(100);
  expect(late).toEqual([]);
});
