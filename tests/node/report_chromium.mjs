// node report_chromium.mjs CHROMIUM FILE ID: opens a report from its file in headless Chromium, uses it as a reader would,
// and prints what was seen as JSON. ID is a requirement that failed.
import { pathToFileURL } from 'node:url';
import { withPage } from './browser.mjs';

const [executablePath, file, id] = process.argv.slice(2);
const url = pathToFileURL(file).href;
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 375, height: 812 } };

// These run in the page.
const shown = () => [...document.querySelectorAll('[data-item]')].filter((each) => each.checkVisibility()).map((each) => each.id);
const overflow = () => {
  const root = document.documentElement;
  const folded = root.scrollWidth - root.clientWidth;
  const closed = [...document.querySelectorAll('details:not([open])')];
  for (const each of closed) each.open = true;
  const open = root.scrollWidth - root.clientWidth;
  for (const each of closed) each.open = false;
  return [folded, open];
};
const colours = () => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color];

async function looks(page) {
  const result = {};
  await page.goto(url);
  for (const [name, size] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      result[`${name} ${colorScheme}`] = { colours: await page.evaluate(colours), overflow: await page.evaluate(overflow) };
    }
  }
  return result;
}

async function filters(page) {
  const result = {};
  const see = async (name) => { result[name] = { shown: await page.evaluate(shown), count: await page.textContent('[data-count]') }; };
  const chip = (value) => page.click(`button[data-value="${value}"]`);
  await page.setViewportSize(SIZES.desktop);
  await see('all');
  await chip('failed'); await see('failed');
  await chip('excluded'); await see('failed or excluded');
  await chip('SHOULD'); await see('failed or excluded, SHOULD');
  await page.click('button[type=reset]'); await see('cleared');
  await page.selectOption('select[data-filter=protocol]', 'fake'); await see('protocol');
  await page.selectOption('select[data-filter=section]', 'fake/Fakes'); await see('protocol and section');
  await page.keyboard.press('Escape');
  await page.click('button[type=reset]');
  await page.focus('h4 a');
  await page.keyboard.press('/');
  await page.keyboard.type(`${id.toLowerCase()} SYMBOL`); await see('search');
  await page.keyboard.type(' no-such-word'); await see('nothing');
  result.none = await page.isVisible('[data-none]');
  await page.keyboard.press('Escape'); await see('escaped');
  await page.focus('button[data-value="passed"]');
  await page.keyboard.press('Space'); await see('by keyboard');
  return result;
}

/* A link to what a filter hides shows it. */
async function link(page) {
  await page.evaluate((hash) => { location.hash = hash; }, id);
  await page.waitForFunction((target) => document.getElementById(target).checkVisibility(), id);
  const box = await page.locator(`[id="${id}"] .badge`).boundingBox();
  return { y: box.y, below: await page.evaluate(() => document.querySelector('.filters').getBoundingClientRect().bottom) };
}

async function theme(page) {
  const result = [];
  await page.emulateMedia({ colorScheme: 'light' });
  for (let i = 0; i < 3; i++) {
    result.push([await page.textContent('[data-theme-toggle] span'), (await page.evaluate(colours))[0]]);
    await page.click('[data-theme-toggle]');
  }
  await page.click('[data-theme-toggle]');
  await page.reload();
  result.push([await page.textContent('[data-theme-toggle] span'), (await page.evaluate(colours))[0]]);
  return result;
}

async function copy(page) {
  const button = page.locator(`[id="${id}"] [data-copy]`);
  await button.click();
  await page.waitForFunction((target) => document.querySelector(`[id="${target}"] [data-copy]`).textContent !== 'Copy', id);
  return button.textContent();
}

/* Everything can be read, folded or not, where no script runs; so it is on paper. */
async function withoutScript(browser) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: SIZES.phone });
  const page = await context.newPage();
  await page.goto(url);
  const item = page.locator(`[id="${id}"]`);
  const result = {
    ids: (await page.locator('[data-item]:visible').count()), text: await item.innerText(),
    filters: await page.isVisible('.filters'), note: await page.isVisible('noscript p'),
  };
  await item.locator('.frame:not(.marked) summary').first().click();
  result.opened = await item.locator('.frame:not(.marked) pre').first().isVisible();
  await context.close();
  return result;
}

async function onPaper(page) {
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const more = page.locator('details.more .marked pre').first();
  return { colours: await page.evaluate(colours), filters: await page.isVisible('.filters'), more: await more.isVisible() };
}

await withPage(executablePath, async (page) => {
  const logged = [], requests = [];
  page.on('console', (message) => logged.push(message.text()));
  page.on('pageerror', (error) => logged.push(error.message));
  page.on('request', (request) => requests.push(request.url().split('#')[0]));
  const seen = { looks: await looks(page), filters: await filters(page), link: await link(page), theme: await theme(page) };
  seen.copy = await copy(page);
  seen.title = await page.title();
  seen.withoutScript = await withoutScript(page.context().browser());
  seen.onPaper = await onPaper(page);
  console.log(JSON.stringify({ ...seen, logged, requests: [...new Set(requests)], url }));
});
