/**
 * `npm run demo`: the whole story on real plugins, through the real command line. Leaves `demo-vault/` to explore.
 * Fails with a non-zero exit code if anything in it does not go as told.
 */
import { join } from 'node:path';
import { runAttacks } from './demo/attacks.ts';
import { newStage, repositoryRoot, say, scene } from './demo/stage.ts';
import { publishEverything, serve, takeBack, useEverything } from './demo/story.ts';

const started = Date.now();
const stage = await newStage(join(repositoryRoot, 'demo-vault'));
await publishEverything(stage);
scene('3  It is served');
let served = await serve(stage);
const { url, port } = served;
try {
  say(`    ${url}`);
  await useEverything(stage, url);
  await served.stop();
  scene('5  Attacks: each works once its check is disabled, and is refused by it');
  await runAttacks(stage, port);
  served = await serve(stage, port);
  await takeBack(stage, url);
} finally {
  await served.stop();
}
scene('To explore');
say(`The folder demo-vault holds the repository (vault/), the host (host/) and the password of the demo's keys. In one terminal:
  cd ${repositoryRoot}demo-vault && export PATH="${repositoryRoot}node_modules/.bin:$PATH"
  RAGV_KEY_PASSWORD_FILE=password.txt ragv serve --vault vault --port ${port}
and in another:
  cd ${repositoryRoot}demo-vault && export PATH="${repositoryRoot}node_modules/.bin:$PATH" RAGV_HOME="$PWD/host/home"
  ragv status --host
  ragv info acme/hello
The demo took ${Math.round((Date.now() - started) / 1000)} s.`);
