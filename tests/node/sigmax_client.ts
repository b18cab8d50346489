class SigmaxWebSocket {
  private ws: WebSocket;
  private subscriptions: Set<string> = new Set();

  async connect(url: string): Promise<void> {
    this.ws = new WebSocket(url);

    return new Promise((resolve, reject) => {
      this.ws.onopen = () => {
        console.log('Connected to SIGMAX');
        resolve();
      };

      this.ws.onerror = (error) => {
        reject(error);
      };

      this.ws.onmessage = (event) => {
        const message = JSON.parse(event.data);
        this.handleMessage(message);
      };
    });
  }

  subscribe(topics: string[], symbols: string[]): void {
    const message = {
      type: 'subscribe',
      data: { topics, symbols }
    };
    this.ws.send(JSON.stringify(message));
  }

  private handleMessage(message: any): void {
    console.log('Event:', message.type);
    console.log('Data:', message.data);

    // Handle specific event types
    switch (message.type) {
      case 'proposal_created':
        this.onProposal(message.data);
        break;
      case 'trade_executed':
        this.onTrade(message.data);
        break;
      // ... other handlers
    }
  }

  onProposal(data: any): void {
    // Override in subclass
  }

  onTrade(data: any): void {
    // Override in subclass
  }
}
