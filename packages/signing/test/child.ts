// Run by the tests as a process of its own: changes the password of a key file to and fro until it is killed.
import { changePassword, fixedPassword } from '@ragnos/signing';

const [path = ''] = process.argv.slice(2);
const passwords = ['one', 'two'].map((text) => fixedPassword(text));
for (let i = 0; ; i++) {
  const [old = fixedPassword(''), next = old] = i % 2 === 0 ? passwords : passwords.toReversed();
  await changePassword({ path, old, new: next, kdf: { N: 2, r: 1, p: 1 } });
  if (i === 0) process.stdout.write('changed once\n');
}
