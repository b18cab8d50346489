// node chromium_trade.mjs CHROMIUM PAGE URL: the trade from a page in headless Chromium; prints what was heard.
import { withPage } from './browser.mjs';
import { trade } from './trade.mjs';

const [executablePath, page_url, url] = process.argv.slice(2);
await withPage(executablePath, async (page) => {
  await page.goto(page_url);
  console.log(JSON.stringify(await page.evaluate(`(${trade})(WebSocket, ${JSON.stringify(url)})`)));
});
