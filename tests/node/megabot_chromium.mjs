// node megabot_chromium.mjs CHROMIUM PAGE URL SCENE: one scene of megabot_pages.js in headless Chromium.
// The page comes from PAGE, the mock itself, so that the samples' relative URLs lead to it. Prints what the page saw.
import { fileURLToPath } from 'node:url';
import { withPage } from './browser.mjs';

const [executablePath, page_url, url, scene] = process.argv.slice(2);
const script = (name) => ({ path: fileURLToPath(new URL(name, import.meta.url)) });
await withPage(executablePath, async (page) => {
  await page.goto(page_url);
  await page.addScriptTag(script('megabot_samples.js'));
  await page.addScriptTag(script('megabot_pages.js'));
  console.log(JSON.stringify(await page.evaluate(`scenes.${scene}(${JSON.stringify(url)})`)));
});
