// node sigmax_ws.mjs URL: SIGMAX's own client in Node, on the `ws` package. What the client logs comes first, the last
// line is what it was told.
import { WebSocket } from 'ws';
import { compiled } from './sigmax_compiled.mjs';
import { follow } from './sigmax_follow.mjs';

const SigmaxWebSocket = new Function('WebSocket', `${await compiled()}; return SigmaxWebSocket;`)(WebSocket);
console.log(JSON.stringify(await follow(SigmaxWebSocket, process.argv[2])));
