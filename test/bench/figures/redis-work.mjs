import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Commands of the measurement itself. */
const own = new Set(['info', 'monitor']);

const line = /^\+[\d.]+ \[\d+ ([^\]]+)\] "([^"]+)"/gm;

/**
 * Counts what Redis receives while `seconds` pass, by MONITOR: commands that its clients send, and commands that scripts
 * run. MONITOR slows Redis down, so CPU is measured apart from this.
 */
export async function redisWork(url, seconds) {
  const connection = new Redis(url);
  const monitor = await monitorOf(url);
  const readsBefore = await readsOf(connection);
  await sleep(seconds * 1000);
  // One of them is the last INFO.
  const reads = (await readsOf(connection)) - readsBefore - 1;
  monitor.destroy();
  connection.disconnect();
  return { ...counted(monitor.read()), reads };
}

/** A connection that collects what MONITOR prints; ioredis 6 loses its place when commands come with the first reply. */
async function monitorOf(url) {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  if (password) socket.write(`AUTH ${username || 'default'} ${password}\r\n`);
  socket.write('MONITOR\r\n');
  await once(socket, 'data');
  return { destroy: () => socket.destroy(), read: () => Buffer.concat(chunks).toString() };
}

function counted(text) {
  const work = { sent: 0, inScripts: 0, names: new Map() };
  for (const [, source, name] of text.matchAll(line)) {
    const command = name.toLowerCase();
    if (own.has(command)) continue;
    work[source === 'lua' ? 'inScripts' : 'sent']++;
    work.names.set(command, (work.names.get(command) ?? 0) + 1);
  }
  return work;
}

/** How often Redis has read from a connection: a pipeline that arrives in one piece counts once. */
async function readsOf(connection) {
  return Number(/^total_reads_processed:(\d+)/m.exec(await connection.info('stats'))[1]);
}
