// node brainstream_chromium.mjs CHROMIUM HOST:PORT: the browser client of BrainStream's spec (8.1), as it stands there, in
// a page in headless Chromium. Its address leads to the mock; its waits of seconds pass at once. Prints what was seen.
import { readFile } from 'node:fs/promises';
import { withPage } from './browser.mjs';

const [executablePath, mock] = process.argv.slice(2);
const sample = await readFile(new URL('brainstream_client.js', import.meta.url), 'utf8');
// What the sample leaves to the application: a dashboard, and a function that connects.
const application = `
const dashboards = [];
function updateDashboard(data) { dashboards.push(data); }
function connect() {
${sample}
}
connect();`;

async function until(what, holds) {
  for (const end = Date.now() + 10_000; !(await holds()); await new Promise((done) => setTimeout(done, 10))) {
    if (Date.now() > end) throw new Error(`not within ten seconds: ${what}`);
  }
}

function control(order, body) {
  const url = `http://${mock}/_harness/stages/brainstream/default/${order}`;
  return fetch(url, { method: 'POST', body: JSON.stringify(body) });
}

await withPage(executablePath, async (page) => {
  const logged = [], sent = [], received = [], addresses = [];
  page.on('console', async (message) => {
    const [, state] = message.args();
    logged.push({ text: message.text(), state: state && (await state.jsonValue()) });
  });
  page.on('websocket', (ws) => {
    addresses.push(ws.url());
    ws.on('framesent', ({ payload }) => sent.push(payload));
    ws.on('framereceived', ({ payload }) => received.push(payload));
  });
  const said = (text) => logged.filter((each) => each.text.startsWith(text)).length;
  const dashboards = () => page.evaluate('dashboards');
  await page.clock.install();
  await page.goto(`http://${mock}/`);
  await page.addScriptTag({ content: application });
  await until('a WELCOME', () => said('Initial state:') === 1);
  await control('advance', { by_s: 5 });
  await until('five dashboards', async () => (await dashboards()).length >= 5);
  await page.clock.fastForward(30_000);
  await until('a keepalive', () => sent.length === 1);
  // Whatever answered the keepalive would come before what comes now.
  await control('advance', { by_s: 2 });
  await until('two more dashboards', async () => (await dashboards()).length >= 7);
  await control('close', { code: 1012, reason: 'restarting' });
  await until('a disconnection', () => said('Disconnected') === 1);
  await page.clock.fastForward(1_000);
  await until('another WELCOME', () => said('Initial state:') === 2);
  console.log(JSON.stringify({ logged, sent, received, addresses, dashboards: await dashboards() }));
}, `--host-resolver-rules=MAP localhost:3000 ${mock}`);
