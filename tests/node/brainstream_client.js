const ws = new WebSocket('ws://localhost:3000');

ws.onopen = () => {
  console.log('🧠 Connected to Curiosity Cottage');
};

ws.onmessage = (event) => {
  const packet = JSON.parse(event.data);
  
  if (packet.type === 'WELCOME') {
    console.log('Initial state:', packet.data);
  } else if (packet.type === 'TELEMETRY') {
    updateDashboard(packet.data);
  }
};

ws.onerror = (error) => {
  console.error('WebSocket error:', error);
};

ws.onclose = () => {
  console.log('Disconnected. Reconnecting...');
  setTimeout(connect, 1000);  // Retry
};

// Keepalive
setInterval(() => {
  if (ws.readyState === WebSocket.OPEN) {
    ws.send(JSON.stringify({ type: 'PING' }));
  }
}, 30000);  // Every 30s
