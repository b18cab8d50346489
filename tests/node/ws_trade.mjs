// node ws_trade.mjs URL: the trade through the `ws` package; prints what was heard.
import WebSocket from 'ws';
import { trade } from './trade.mjs';

console.log(JSON.stringify(await trade(WebSocket, process.argv[2])));
