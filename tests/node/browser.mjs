// What every test in headless Chromium needs: an empty page, for as long as `work(page)` takes.
import { chromium } from 'playwright-core';

export const ARGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export async function withPage(executablePath, work, ...more) {
  const browser = await chromium.launch({ executablePath, args: [...ARGS, ...more] });
  try {
    return await work(await browser.newPage());
  } finally {
    await browser.close();
  }
}
