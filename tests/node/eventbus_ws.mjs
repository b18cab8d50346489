// node eventbus_ws.mjs HOST QUERY WANTED: all four channels through the `ws` package; prints what was followed.
import WebSocket from 'ws';
import { follow } from './eventbus_follow.mjs';

const [host, query, wanted] = process.argv.slice(2);
console.log(JSON.stringify(await follow(WebSocket, host, query, Number(wanted))));
