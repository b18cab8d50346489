// Node's `ws` as its documentation shows it: PORT MODE PAYLOAD_FILE [deflate], as for the peers in Python.
import { readFileSync } from "node:fs";
import { WebSocketServer } from "ws";

const [port, mode, file, ...more] = process.argv.slice(2);
const payload = readFileSync(file, "utf8");
const server = new WebSocketServer({
  port: Number(port),
  host: "127.0.0.1",
  perMessageDeflate: more.includes("deflate"),
});

// A client that does not keep up is passed over, or memory would fill with what waits for it.
const MOST_WAITING_BYTES = 1 << 16;
let going = false;

function sendAll() {
  for (const client of server.clients) {
    if (client.bufferedAmount < MOST_WAITING_BYTES) client.send(payload);
  }
  if (server.clients.size > 0) setImmediate(sendAll);
}

server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    if (mode === "echo") return socket.send(data, { binary: isBinary });
    if (!going) sendAll();
    going = true;
  });
});
