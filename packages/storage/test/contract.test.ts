import { describe } from 'vitest';
import { fsStorage, memoryStorage } from '@ragnos/storage';
import { testStorage } from './contract.ts';
import { tmp } from './tmp.ts';
import { withoutLinks } from './faulty-fs.ts';

describe('memory', () => {
  testStorage(memoryStorage, { meta: 'kept' });
});
describe('folder', () => {
  testStorage(() => fsStorage({ root: tmp() }), { meta: 'derived' });
});
describe('folder on a disk without hard links', () => {
  testStorage(() => fsStorage({ root: tmp(), fs: withoutLinks() }), { meta: 'derived' });
});
