// node chromium_trade.mjs CHROMIUM PAGE URL: the trade from a page in headless Chromium; prints what was heard.
import { chromium } from 'playwright-core';
import { trade } from './trade.mjs';

const [executablePath, page_url, url] = process.argv.slice(2);
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
  console.log(JSON.stringify(await page.evaluate(`(${trade})(WebSocket, ${JSON.stringify(url)})`)));
} finally {
  await browser.close();
}
