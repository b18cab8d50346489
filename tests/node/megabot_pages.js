// What an application adds to the classes in megabot_samples.js, and what its pages do with them. A page's script too.
// Each of `scenes` takes the URL of the socket and gives what the page saw.
'use strict';

let ids = 0;
const generateId = () => `page_${(ids += 1)}`;

// All that a socket got, and a way to wait for what fits.
class Inbox {
  constructor(ws) {
    this.messages = [];
    this.wake = () => {};
    ws.addEventListener('message', (event) => {
      this.messages.push(JSON.parse(event.data));
      this.wake();
    });
    ws.addEventListener('close', (event) => {
      this.closed = event.code;
      this.wake();
    });
  }

  async until(fits) {
    for (;;) {
      const found = this.messages.find(fits);
      if (found) return found;
      if (this.closed) throw new Error(`closed with ${this.closed}; got ${JSON.stringify(this.messages)}`);
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  ofType(...types) {
    return this.messages.filter((message) => types.includes(message.type));
  }
}

const opened = (ws) =>
  new Promise((resolve, reject) => {
    ws.addEventListener('open', resolve);
    ws.addEventListener('error', () => reject(new Error(`cannot connect to ${ws.url}`)));
  });
const closed = (ws) => {
  const code = new Promise((resolve) => ws.addEventListener('close', (event) => resolve(event.code)));
  ws.close(1000);
  return code;
};
const chatSend = (content) => ({ id: generateId(), type: 'chat_send', payload: { content }, timestamp: Date.now() });
const answers = (request) => (message) =>
  message.type === 'chat_receive' && message.metadata.in_reply_to === request.id;

class PageStream extends StreamingChat {
  createMessageElement() {
    return document.body.appendChild(document.createElement('p'));
  }
}

class PageChat extends ChatClient {
  constructor(url) {
    super(url);
    this.stream = new PageStream(this.ws);
    this.displayed = [];
    this.updates = [];
    this.texts = []; // How the streamed paragraph read after each chunk.
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  displayMessage(payload) {
    this.displayed.push(payload);
    this.finish();
  }

  updateStreamingMessage(payload) {
    this.stream.handleStreamChunk(payload);
    this.texts.push(document.querySelector('p:last-of-type').textContent);
  }

  updateStatus(payload) {
    this.updates.push(payload);
  }
}

class Editor extends CollaborativeSession {
  constructor(ws, sessionId) {
    super(ws, sessionId);
    this.seen = [];
    this.inbox = new Inbox(ws);
    ws.addEventListener('message', (event) => {
      const message = JSON.parse(event.data);
      if (message.type === 'collaborative_action') this.handleCollaborativeAction(message);
    });
  }

  updateCursor(userId, position) {
    this.seen.push(['cursor', userId, position]);
  }

  applyTextEdit(data) {
    this.seen.push(['edit', data]);
  }

  openSharedFile(path) {
    this.seen.push(['open', path]);
  }

  // Joining is not answered, so a round trip shows that the server has come by it.
  async settled() {
    const request = chatSend('Hello!');
    this.ws.send(JSON.stringify(request));
    await this.inbox.until(answers(request));
  }
}

class TokenManager {
  async getValidToken() {
    const response = await fetch('/api/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'user', password: 'pass' })
    });
    const { token } = await response.json();
    return token;
  }
}

class PageSecure extends SecureWebSocket {
  handled = [];

  handleMessage(message) {
    this.handled.push(message);
    this.onhandled?.();
  }
}

class PageResilient extends ResilientWebSocket {
  setupEventHandlers() {
    super.setupEventHandlers();
    this.connections = (this.connections ?? 0) + 1;
    const inbox = new Inbox(this.ws);
    this.onconnection?.(this.ws, inbox);
  }

  onConnectionFailed() {
    throw new Error('gave up');
  }
}

class PagePaced extends RateLimitedWebSocket {
  delay(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}

const scenes = {
  // A chat whose answer grows in a paragraph, and is there once more as a whole at its end.
  async chat(url) {
    const client = new PageChat(url);
    const inbox = new Inbox(client.ws);
    await opened(client.ws);
    client.sendMessage('Hello MegaBot!');
    await client.done;
    const paragraph = document.querySelector('p');
    return {
      displayed: client.displayed,
      texts: client.texts,
      paragraph: { text: paragraph.textContent, complete: paragraph.classList.contains('complete') },
      open_streams: client.stream.currentStream === null ? 0 : 1,
      updates: client.updates.length,
      valid: inbox.messages.every((message) => MessageValidator.validateMessage(message)),
      closed: await closed(client.ws),
    };
  },

  // A token by the login as the spec shows it, and a socket by the token.
  async login(url) {
    const secure = new PageSecure(url);
    const handled = new Promise((resolve) => (secure.onhandled = resolve));
    const ws = await secure.connect();
    await handled;
    const welcome = secure.handled[0];

    const stranger = new WebSocket(`${url}?token=your_jwt_token`);
    const inbox = new Inbox(stranger);
    const refusal = await inbox.until((message) => message.type === 'connection_error');
    await new Promise((resolve) => stranger.addEventListener('close', resolve));
    return { welcome, refusal, refused: inbox.closed, closed: await closed(ws) };
  },

  // Two editors of one session; what one does, the other sees.
  async editors(url) {
    const [first, second] = ['ada', 'ben'].map(
      (name) => new Editor(new DebugWebSocket(`${url}?user_id=${name}`), 'workspace_1')
    );
    await Promise.all([opened(first.ws), opened(second.ws)]);
    first.joinSession();
    second.joinSession();
    await Promise.all([first.settled(), second.settled()]);
    first.broadcastAction('cursor_move', { position: { line: 3, column: 14 } });
    first.broadcastAction('text_edit', { offset: 10, insert: 'const' });
    second.broadcastAction('file_open', { file_path: 'src/index.js' });
    await first.inbox.until((message) => message.type === 'collaborative_action');
    await second.inbox.until((message) => message.payload.action === 'text_edit');
    await Promise.all([first.settled(), second.settled()]);
    const logged = first.ws.getMessageLog().map((entry) => entry.type);
    const codes = [await closed(first.ws), await closed(second.ws)];
    return { first: first.seen, second: second.seen, sent: logged.filter((type) => type === 'send').length, codes };
  },

  // A message alone, then three at once: two frames, four answers.
  async batches(url) {
    const ws = new WebSocket(url);
    const inbox = new Inbox(ws);
    await opened(ws);
    const monitor = new WebSocketMonitor(ws);
    const batcher = new MessageBatcher(ws);
    const alone = chatSend('Hello MegaBot!');
    batcher.send(alone);
    await inbox.until(answers(alone));
    const frames = [monitor.getMetrics().messagesSent];
    const several = ['Hello', 'Hi', 'Good morning'].map(chatSend);
    several.forEach((message) => batcher.send(message));
    for (const message of several) await inbox.until(answers(message));
    frames.push(monitor.getMetrics().messagesSent);
    const replies = inbox.ofType('chat_receive').map((message) => message.metadata.in_reply_to);
    const requests = [alone, ...several].map((message) => message.id);
    return { frames, requests, replies, errors: inbox.ofType('connection_error').length, closed: await closed(ws) };
  },

  // The line breaks in the middle of an answer; the page is back by itself, and is answered.
  async resilience(url) {
    const resilient = new PageResilient(url);
    const broken = new Inbox(resilient.ws);
    const again = new Promise((resolve) => {
      resilient.onconnection = (ws, inbox) => resolve({ ws, inbox });
    });
    await opened(resilient.ws);
    resilient.ws.send(JSON.stringify(chatSend('Tell me everything')));
    const { ws, inbox } = await again;
    await inbox.until((message) => message.type === 'connection_established');
    resilient.onconnection = undefined;
    const code = await closed(ws);
    return {
      first: broken.closed,
      chunks: broken.ofType('chat_stream').map((message) => message.payload),
      connections: resilient.connections,
      second: inbox.messages[0].type,
      closed: code,
    };
  },

  // Fifteen messages, paced by the client, are all served; fifteen at once are not.
  async pace(url) {
    const ws = new WebSocket(url);
    const inbox = new Inbox(ws);
    await opened(ws);
    const several = Array.from({ length: 15 }, () => chatSend('Hello MegaBot!'));
    const paced = new PagePaced(ws);
    several.forEach((message) => paced.send(message));
    for (const message of several) await inbox.until(answers(message));
    const errors = [inbox.ofType('connection_error').length];

    const rash = new WebSocket(url);
    const refusals = new Inbox(rash);
    await opened(rash);
    several.forEach((message) => rash.send(JSON.stringify(message)));
    await refusals.until((message) => message.type === 'connection_error');
    await refusals.until(answers(several[0]));
    errors.push(refusals.ofType('connection_error').length);
    const codes = refusals.ofType('connection_error').map((message) => message.payload.code);
    return { answered: inbox.ofType('chat_receive').length, errors, codes, closed: await closed(rash) };
  },
};
