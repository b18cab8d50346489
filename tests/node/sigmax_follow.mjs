// The use of SIGMAX's own client that its documentation shows: a subclass that overrides the handlers, connected and
// subscribed to proposals, executions and one symbol. It ends with the first trade whose proposal was seen.
// By itself it needs nothing but its arguments, so that it can be handed to a page as text.
export async function follow(SigmaxWebSocket, url) {
  const proposals = [];
  let settle;
  const followed = new Promise((resolve) => (settle = resolve));

  class Follower extends SigmaxWebSocket {
    onProposal(data) {
      proposals.push(data);
    }

    onTrade(data) {
      const proposal = proposals.find((each) => each.proposal_id === data.proposal_id);
      if (proposal) settle({ proposal, trade: data });
    }
  }

  const client = new Follower();
  await client.connect(url);
  const closed = new Promise((resolve) => (client.ws.onclose = (event) => resolve(event.code)));
  client.subscribe(['proposals', 'executions'], ['BTC/USDT']);
  const { proposal, trade } = await Promise.race([
    followed,
    closed.then((code) => Promise.reject(new Error(`closed with ${code} after ${proposals.length} proposals`))),
  ]);
  client.ws.close(1000);
  return { proposal, trade, closed: await closed };
}
