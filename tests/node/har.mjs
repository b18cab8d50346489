// node har.mjs CHROMIUM PAGE URL FILE: the trade of trade.mjs from a page in Chromium, whose network is recorded as a HAR.
import { chromium } from 'playwright-core';
import { trade } from './trade.mjs';
import { ARGS } from './browser.mjs';

const [executablePath, page_url, url, path] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ARGS });
try {
  const context = await browser.newContext({ recordHar: { path, content: 'embed' } });
  const page = await context.newPage();
  await page.goto(page_url);
  console.log(JSON.stringify(await page.evaluate(`(${trade})(WebSocket, ${JSON.stringify(url)})`)));
  await context.close();
} finally {
  await browser.close();
}
