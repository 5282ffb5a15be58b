import { build, checkNode, install } from './launch/prepare.mjs';
import { main } from './launch/say.mjs';

main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  checkNode();
  await install();
  await build();
});
