// The browser classes that MegaBot's spec shows, as written there. They are a page's script: no module, no exports.
// What they leave to the application (generateId, displayMessage, ...) is in megabot_pages.js.

class ChatClient {
  constructor(wsUrl) {
    this.ws = new WebSocket(wsUrl);
    this.setupEventHandlers();
  }

  setupEventHandlers() {
    this.ws.onmessage = (event) => {
      const message = JSON.parse(event.data);

      switch (message.type) {
        case 'chat_receive':
          this.displayMessage(message.payload);
          break;
        case 'chat_stream':
          this.updateStreamingMessage(message.payload);
          break;
        case 'status_update':
          this.updateStatus(message.payload);
          break;
      }
    };
  }

  sendMessage(content) {
    const message = {
      id: generateId(),
      type: 'chat_send',
      payload: { content },
      timestamp: Date.now()
    };

    this.ws.send(JSON.stringify(message));
  }
}

class StreamingChat {
  constructor(ws) {
    this.ws = ws;
    this.currentStream = null;
  }

  handleStreamChunk(chunk) {
    if (!this.currentStream) {
      this.currentStream = {
        id: chunk.id,
        content: '',
        element: this.createMessageElement()
      };
    }

    this.currentStream.content += chunk.chunk;
    this.currentStream.element.textContent = this.currentStream.content;

    if (chunk.is_complete) {
      this.finalizeStream();
    }
  }

  finalizeStream() {
    // Mark as complete, enable actions
    this.currentStream.element.classList.add('complete');
    this.currentStream = null;
  }
}

class CollaborativeSession {
  constructor(ws, sessionId) {
    this.ws = ws;
    this.sessionId = sessionId;
    this.participants = new Set();
  }

  joinSession() {
    this.ws.send(JSON.stringify({
      id: generateId(),
      type: 'session_join',
      payload: { session_id: this.sessionId }
    }));
  }

  broadcastAction(action, data) {
    this.ws.send(JSON.stringify({
      id: generateId(),
      type: 'collaborative_action',
      payload: {
        session_id: this.sessionId,
        action: action,
        data: data
      }
    }));
  }

  handleCollaborativeAction(message) {
    const { action, data, user_id } = message.payload;

    switch (action) {
      case 'cursor_move':
        this.updateCursor(user_id, data.position);
        break;
      case 'text_edit':
        this.applyTextEdit(data);
        break;
      case 'file_open':
        this.openSharedFile(data.file_path);
        break;
    }
  }
}

class ResilientWebSocket {
  constructor(url, options = {}) {
    this.url = url;
    this.options = {
      maxRetries: 5,
      retryDelay: 1000,
      ...options
    };
    this.connect();
  }

  connect() {
    try {
      this.ws = new WebSocket(this.url);
      this.setupEventHandlers();
    } catch (error) {
      this.handleConnectionError(error);
    }
  }

  setupEventHandlers() {
    this.ws.onopen = () => {
      console.log('WebSocket connected');
      this.retryCount = 0;
    };

    this.ws.onclose = (event) => {
      if (!event.wasClean) {
        this.handleReconnection();
      }
    };

    this.ws.onerror = (error) => {
      console.error('WebSocket error:', error);
    };
  }

  handleReconnection() {
    if (this.retryCount < this.options.maxRetries) {
      setTimeout(() => {
        this.retryCount++;
        console.log(`Reconnecting... (${this.retryCount}/${this.options.maxRetries})`);
        this.connect();
      }, this.options.retryDelay * this.retryCount);
    } else {
      this.onConnectionFailed();
    }
  }
}

class MessageValidator {
  static validateMessage(message) {
    // Required fields
    if (!message.id || !message.type || !message.payload) {
      throw new Error('Missing required message fields');
    }

    // Type-specific validation
    switch (message.type) {
      case 'chat_send':
        this.validateChatMessage(message.payload);
        break;
      case 'tool_call':
        this.validateToolCall(message.payload);
        break;
    }

    return true;
  }

  static validateChatMessage(payload) {
    if (!payload.content || typeof payload.content !== 'string') {
      throw new Error('Invalid chat message content');
    }

    if (payload.content.length > 10000) {
      throw new Error('Message content too long');
    }
  }
}

class SecureWebSocket {
  constructor(baseUrl) {
    this.baseUrl = baseUrl;
    this.tokenManager = new TokenManager();
  }

  async connect() {
    const token = await this.tokenManager.getValidToken();
    const ws = new WebSocket(`${this.baseUrl}?token=${token}`);

    ws.onmessage = (event) => {
      const message = JSON.parse(event.data);

      // Verify message integrity
      if (this.verifyMessageIntegrity(message)) {
        this.handleMessage(message);
      }
    };

    return ws;
  }

  verifyMessageIntegrity(message) {
    // Implement message signing/verification if required
    return true;
  }
}

class RateLimitedWebSocket {
  constructor(ws, limits = {}) {
    this.ws = ws;
    this.limits = {
      messagesPerSecond: 10,
      maxMessageSize: 1024 * 1024, // 1MB
      ...limits
    };
    this.messageQueue = [];
    this.isProcessing = false;
  }

  send(message) {
    if (this.messageQueue.length >= 100) {
      throw new Error('Message queue full');
    }

    this.messageQueue.push(message);
    this.processQueue();
  }

  async processQueue() {
    if (this.isProcessing || this.messageQueue.length === 0) {
      return;
    }

    this.isProcessing = true;

    while (this.messageQueue.length > 0) {
      const message = this.messageQueue.shift();

      // Rate limiting check
      if (this.checkRateLimit()) {
        this.ws.send(JSON.stringify(message));
        await this.delay(100); // 10 messages per second
      } else {
        // Re-queue message
        this.messageQueue.unshift(message);
        break;
      }
    }

    this.isProcessing = false;
  }

  checkRateLimit() {
    // Implement rate limiting logic
    return true;
  }
}

class MessageBatcher {
  constructor(ws, batchSize = 10, batchDelay = 100) {
    this.ws = ws;
    this.batchSize = batchSize;
    this.batchDelay = batchDelay;
    this.batch = [];
    this.batchTimer = null;
  }

  send(message) {
    this.batch.push(message);

    if (this.batch.length >= this.batchSize) {
      this.flush();
    } else if (!this.batchTimer) {
      this.batchTimer = setTimeout(() => this.flush(), this.batchDelay);
    }
  }

  flush() {
    if (this.batch.length === 0) return;

    if (this.batch.length === 1) {
      // Single message, send directly
      this.ws.send(JSON.stringify(this.batch[0]));
    } else {
      // Batch messages
      const batchMessage = {
        id: generateId(),
        type: 'batch',
        payload: { messages: this.batch },
        timestamp: Date.now()
      };
      this.ws.send(JSON.stringify(batchMessage));
    }

    this.batch = [];
    if (this.batchTimer) {
      clearTimeout(this.batchTimer);
      this.batchTimer = null;
    }
  }
}

class WebSocketMonitor {
  constructor(ws) {
    this.ws = ws;
    this.metrics = {
      messagesSent: 0,
      messagesReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      connectionTime: Date.now(),
      reconnectCount: 0
    };

    this.setupMonitoring();
  }

  setupMonitoring() {
    const originalSend = this.ws.send;
    this.ws.send = (data) => {
      this.metrics.messagesSent++;
      this.metrics.bytesSent += data.length;
      return originalSend.call(this.ws, data);
    };

    this.ws.addEventListener('message', (event) => {
      this.metrics.messagesReceived++;
      this.metrics.bytesReceived += event.data.length;
    });
  }

  getMetrics() {
    const uptime = Date.now() - this.metrics.connectionTime;
    return {
      ...this.metrics,
      uptime,
      messagesPerSecond: this.metrics.messagesReceived / (uptime / 1000)
    };
  }
}

class DebugWebSocket extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    this.debug = true;
    this.messageLog = [];
  }

  send(data) {
    if (this.debug) {
      console.log('WS SEND:', data);
      this.messageLog.push({ type: 'send', data, timestamp: Date.now() });
    }
    super.send(data);
  }

  addEventListener(type, listener) {
    if (type === 'message') {
      const debugListener = (event) => {
        if (this.debug) {
          console.log('WS RECEIVE:', event.data);
          this.messageLog.push({ type: 'receive', data: event.data, timestamp: Date.now() });
        }
        listener(event);
      };
      super.addEventListener(type, debugListener);
    } else {
      super.addEventListener(type, listener);
    }
  }

  getMessageLog() {
    return this.messageLog;
  }
}
