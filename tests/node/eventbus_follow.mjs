// A front end's view of the four channels, over any WebSocket class that has the browser's interface: a parser for
// the events, one order for all of them by their ids, and pairs of what belongs together.
// By itself it needs nothing but its arguments, so that it can be handed to a page as text.
// `host` is such as ws://127.0.0.1:8000, `query` begins with ? or is empty; it ends when there are `wanted` pairs
// of each kind.
export async function follow(WebSocketClass, host, query, wanted) {
  const CHANNELS = ['prediction', 'automation', 'training', 'hft'];
  const text = (value) => typeof value === 'string';
  const filled = (value) => text(value) && value.length > 0;
  const number = (value) => Number.isFinite(value);
  const count = (value) => Number.isInteger(value) && value >= 0;
  const boolean = (value) => typeof value === 'boolean';
  const object = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
  const texts = (value) => Array.isArray(value) && value.every(text);
  const maybe = (test) => (value) => value === undefined || test(value);
  const anything = (value) => value !== undefined;
  const forecast = {
    id: anything, instrument_key: filled, interval: filled, horizon_steps: count, ts_pred: number, ts_target: number,
    pred_ret_adj: number,
  };
  const PAYLOADS = {
    'predictor.start': { instruments: texts, cfg: object },
    'predictor.stop': {},
    'predictor.error': { error: text },
    'prediction.created': { ...forecast, pred_ret: number, calib_bias: number, model_kind: filled },
    'prediction.resolved': { ...forecast, actual_ret: number, error: number, calibration: anything },
    'predictor.cycle': { created: count, resolved: count, anchor: number },
    'automation_run.started': { job_id: filled, kind: filled, params: object },
    'automation_run.updated': {
      job_id: filled, progress: maybe(number), message: maybe(text), status: maybe(text), stats: maybe(object),
      error: maybe(text),
    },
    'training.started': { job_id: filled, kind: filled, instrument_key: filled, interval: filled },
    'training.progress': { job_id: filled, progress: number, message: text, metrics: object },
    'training.succeeded': { job_id: filled, result: object },
    'training.failed': { job_id: filled, result: maybe(object), error: maybe(text) },
    'hft.start': { broker: filled, safe_mode: boolean, live_trading_enabled: boolean },
    'hft.stop': {},
    'hft.broker': { broker: filled },
    'hft.error': { error: text },
    'hft.flatten': { closed: count, errors: texts },
    'hft.entry': { trade_id: number, instrument_key: filled, qty: number, entry: number },
    'hft.exit': { trade_id: number, instrument_key: filled, price: number, pnl: number, reason: text },
    'hft.trade_risk': { trade_id: number, stop: number, target: number },
    'hft.manage_error': { error: text },
  };

  // The event in a frame; an Error where it is none that this channel may carry.
  const parse = (channel, data) => {
    const event = JSON.parse(data);
    const members = PAYLOADS[event.type];
    const envelope = count(event.id) && event.channel === channel && object(event.payload) && number(event.ts);
    if (!members || !envelope) throw new Error(`no event of ${channel}: ${data}`);
    for (const [name, test] of Object.entries(members)) {
      if (!test(event.payload[name])) throw new Error(`payload.${name}: ${data}`);
    }
    return event;
  };

  // What was begun and waits for its end, by kind and id; pairs are [first event, last event].
  const open = new Map();
  const pairs = { prediction: [], training: [], automation: [], trade: [] };
  const begin = (kind, id, event) => open.set(`${kind} ${id}`, event);
  const end = (kind, id, event) => {
    const first = open.get(`${kind} ${id}`);
    if (first && open.delete(`${kind} ${id}`)) pairs[kind].push([first, event]);
  };
  const ended = ({ payload: { status } }) => ['succeeded', 'failed', 'completed', 'cancelled'].includes(status);
  const REDUCERS = {
    'prediction.created': (event) => begin('prediction', event.payload.id, event),
    'prediction.resolved': (event) => end('prediction', event.payload.id, event),
    'training.started': (event) => begin('training', event.payload.job_id, event),
    'training.succeeded': (event) => end('training', event.payload.job_id, event),
    'training.failed': (event) => end('training', event.payload.job_id, event),
    'automation_run.started': (event) => begin('automation', event.payload.job_id, event),
    'automation_run.updated': (event) => ended(event) && end('automation', event.payload.job_id, event),
    'hft.entry': (event) => begin('trade', event.payload.trade_id, event),
    'hft.exit': (event) => end('trade', event.payload.trade_id, event),
  };

  // Events wait here until all before them are there: sockets may overtake each other, the bus's one counter tells.
  const waiting = new Map();
  const ordered = [];
  let next = null;
  const release = () => {
    while (waiting.has(next)) {
      const event = waiting.get(next);
      waiting.delete(next);
      ordered.push(event);
      REDUCERS[event.type]?.(event);
      next += 1;
    }
  };

  let settle;
  const done = new Promise((resolve, reject) => (settle = { resolve, reject }));
  const sockets = [];
  const heard = (channel, data) => {
    const event = parse(channel, data);
    // The last socket's first event is the first one of which no channel can have missed anything.
    if (next === null && channel === CHANNELS.at(-1)) next = event.id;
    waiting.set(event.id, event);
    release();
    if (Object.values(pairs).every((each) => each.length >= wanted)) settle.resolve();
  };
  for (const channel of CHANNELS) {
    const socket = new WebSocketClass(`${host}/api/ws/${channel}${query}`);
    socket.onmessage = ({ data }) => {
      try {
        heard(channel, data);
      } catch (error) {
        settle.reject(error);
      }
    };
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`cannot connect to ${channel}`));
    });
    socket.onclose = ({ code }) => settle.reject(new Error(`${channel} closed with ${code}`));
    sockets.push(socket);
  }
  await done;
  const closings = sockets.map((socket) => new Promise((resolve) => (socket.onclose = ({ code }) => resolve(code))));
  sockets.forEach((socket) => socket.close(1000));
  return { ordered, pairs, closed: await Promise.all(closings) };
}
