// Somebody else who publishes: plain posts to the server, past the line of the client under test.

const BATCH = 50;

/** Publishes every value of `data` on `channel`, in order, and sees each taken. */
export async function publish(server, channel, data) {
  const endpoint = `${server.url}/cometd`;
  let cookie = "";
  const post = async (messages) => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", cookie },
      body: JSON.stringify(messages),
    });
    const cookies = response.headers.getSetCookie().map((set) => set.split(";")[0]);
    if (cookies.length > 0) cookie = cookies.join("; ");
    const replies = await response.json();
    if (replies.length !== messages.length || replies.some(({ successful }) => !successful)) {
      throw new Error(`not published: ${response.status} ${JSON.stringify(replies)}`);
    }
    return replies;
  };
  const hello = { channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"] };
  const [{ clientId }] = await post([hello]);
  for (let start = 0; start < data.length; start += BATCH) {
    const batch = data.slice(start, start + BATCH);
    await post(batch.map((value, index) => ({ channel, clientId, id: String(index), data: value })));
  }
  await post([{ channel: "/meta/disconnect", clientId }]);
}
