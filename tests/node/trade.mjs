// A whole Skybit trade over any WebSocket class that has the browser's interface.
// By itself it needs nothing but its arguments, so that it can be handed to a page as text.
export async function trade(WebSocketClass, url) {
  const socket = new WebSocketClass(url);
  const waiting = [];
  const heard = [];
  let session = 'new';
  let wake = () => {};

  socket.onmessage = (event) => {
    waiting.push(JSON.parse(event.data));
    wake();
  };
  const closed = new Promise((resolve) => {
    socket.onclose = (event) => {
      resolve(event.code);
      wake();
    };
  });
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`cannot connect to ${url}`));
  });

  const say = (type, data) => {
    const id = crypto.randomUUID();
    socket.send(JSON.stringify({ type, id, ts: new Date().toISOString(), session, data }));
  };
  // The next message that fits; quotes and the like that come in between are only noted.
  const hear = async (type, status) => {
    for (;;) {
      while (waiting.length > 0) {
        const message = waiting.shift();
        heard.push(message.data.status ?? message.data.code ?? message.type);
        if (message.type === type && (!status || message.data.status === status)) return message;
        if (message.type === 'Error') throw new Error(JSON.stringify(message));
      }
      if (socket.readyState > 1) throw new Error(`closed while waiting for ${type}; heard ${heard}`);
      await new Promise((resolve) => (wake = resolve));
    }
  };

  say('Auth', { token: 'demo-user-1', version: '1.0.0', platform: 'linux' });
  session = (await hear('Auth')).session;
  say('Subscribe', { channels: [{ type: 'quotes', symbols: ['AAPL'] }] });
  await hear('MarketData');
  say('Chat', { text: 'Buy 200 shares of AAPL at limit 225.10, good for the day' });
  await hear('Plan');
  const preview = await hear('Preview');
  say('Approve', { preview_id: preview.data.preview_id, modifications: null });
  await hear('Status', 'acknowledged');
  await hear('Status', 'partial_fill');
  const filled = await hear('Status', 'filled');
  socket.close(1000);
  return { heard, filled: filled.data.filled, closed: await closed };
}
