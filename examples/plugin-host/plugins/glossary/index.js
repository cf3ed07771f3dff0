import { readFile } from 'node:fs/promises';

export async function transform({ text, folder }, { log }) {
  const words = JSON.parse(await readFile(`${folder}/glossary.json`, 'utf8'));
  let result = text;
  for (const [word, meaning] of Object.entries(words))
    result = result.replaceAll(word, `${word} (${meaning})`);
  log(`${Object.keys(words).length} words explained`);
  return result;
}
