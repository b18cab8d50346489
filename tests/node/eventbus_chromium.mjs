// node eventbus_chromium.mjs CHROMIUM PAGE HOST QUERY WANTED: all four channels from a page in headless Chromium.
import { withPage } from './browser.mjs';
import { follow } from './eventbus_follow.mjs';

const [executablePath, page_url, host, query, wanted] = process.argv.slice(2);
await withPage(executablePath, async (page) => {
  await page.goto(page_url);
  const call = `(${follow})(WebSocket, ${JSON.stringify(host)}, ${JSON.stringify(query)}, ${wanted})`;
  console.log(JSON.stringify(await page.evaluate(call)));
});
