/** A client that subscribes to much: sockets, subscriptions of each, fields of each; its port is the first argument. */
import { WebSocket } from 'ws';

const [port, sockets, subscriptions, fields] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
const left = { count: sockets * subscriptions };
const told = { began: 0, refused: 0 };
for (let i = 0; i < sockets; i++) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/graphql`, 'graphql-transport-ws');
  const seen = new Set<string>();
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('message', data => {
    const { type, id } = JSON.parse(data.toString()) as { type: string; id?: string };
    if (type === 'connection_ack')
      for (let n = 0; n < subscriptions; n++) {
        const selected = Array.from({ length: fields }, (_, f) => `b${i}_${n}_${f}: title`).join(' ');
        const query = `subscription { a${i}_${n}: note(limit: 1) { ${selected} } }`;
        socket.send(JSON.stringify({ id: `${n}`, type: 'subscribe', payload: { query } }));
      }
    if (id === undefined || seen.has(id) || (type !== 'next' && type !== 'error')) return;
    seen.add(id);
    told[type === 'next' ? 'began' : 'refused']++;
    if (--left.count === 0) process.send?.(told);
  });
}
