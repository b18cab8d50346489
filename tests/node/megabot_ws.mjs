// node megabot_ws.mjs URL: the `ws` package as MegaBot's spec shows it, with API keys and with compression.
// Prints what was heard on each.
import WebSocket from 'ws';

const url = process.argv[2];

// What comes until the answer to one chat of this length; and what was agreed on.
function chat(ws, length) {
  const heard = [];
  return new Promise((resolve, reject) => {
    ws.on('error', reject);
    ws.on('open', () =>
      ws.send(JSON.stringify({ id: 'node_1', type: 'chat_send', payload: { content: 'a'.repeat(length) } })));
    ws.on('message', (data, isBinary) => {
      const message = JSON.parse(data);
      heard.push(message);
      if (message.type === 'chat_receive' || message.type === 'connection_error') ws.close(1000);
      if (isBinary) reject(new Error('a binary frame'));
    });
    ws.on('close', (code) => resolve({ heard, extensions: ws.extensions, closed: code }));
  });
}

const by_key = (key) =>
  new WebSocket(url, {
    headers: {
      'Authorization': `Bearer ${key}`,
      'X-API-Key': key
    }
  });

const good = await chat(by_key('your_api_key'), 10);
const bad = await chat(by_key('another_key'), 10);
const compressed = await chat(new WebSocket(url, { perMessageDeflate: true }), 10000);
console.log(JSON.stringify({ good, bad, compressed }));
