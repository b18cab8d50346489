// node eventbus_chromium.mjs CHROMIUM PAGE HOST QUERY WANTED: all four channels from a page in headless Chromium.
import { chromium } from 'playwright-core';
import { follow } from './eventbus_follow.mjs';

const [executablePath, page_url, host, query, wanted] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
try {
  const page = await browser.newPage();
  await page.goto(page_url);
  const call = `(${follow})(WebSocket, ${JSON.stringify(host)}, ${JSON.stringify(query)}, ${wanted})`;
  console.log(JSON.stringify(await page.evaluate(call)));
} finally {
  await browser.close();
}
