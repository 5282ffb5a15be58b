import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export async function isFree(port, host = '127.0.0.1') {
  const server = createServer();
  const free = new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => resolve(true));
  });
  if (!(await free)) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** Returns consecutive free ports, starting at the wanted one or above. */
export async function freePorts(from, count) {
  for (let first = from; first < 65_000; first += count) {
    const ports = Array.from({ length: count }, (_, i) => first + i);
    if ((await Promise.all(ports.map((port) => isFree(port)))).every(Boolean)) return ports;
  }
  throw new Error('no free ports');
}

export function answers(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function until(isSo, { tries = 400, everyMs = 50 } = {}) {
  for (let i = 0; i < tries; i++) {
    if (await isSo()) return true;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return false;
}
