// node sigmax_chromium.mjs CHROMIUM PAGE URL: SIGMAX's own client in a page in headless Chromium. What the client logs
// comes first, the last line is what it was told.
import { withPage } from './browser.mjs';
import { compiled } from './sigmax_compiled.mjs';
import { follow } from './sigmax_follow.mjs';

const [executablePath, page_url, url] = process.argv.slice(2);
await withPage(executablePath, async (page) => {
  page.on('console', (message) => message.type() === 'log' && console.log(message.text()));
  await page.goto(page_url);
  const call = `return (${follow})(SigmaxWebSocket, ${JSON.stringify(url)});`;
  console.log(JSON.stringify(await page.evaluate(`(async () => { ${await compiled()} ${call} })()`)));
});
