import type { buildConnector } from 'undici';

type PendingConnect = readonly [given: buildConnector.Options, callback: buildConnector.Callback];

/** Returns a connector that has at most `max` connections open or opening, over all servers. Others wait in turn. */
export function limitedConnect(connect: buildConnector.connector, max: number): buildConnector.connector {
  const waiting: PendingConnect[] = [];
  let count = 0;

  function release(): void {
    count--;
    const next = waiting.shift();
    if (next) open(...next);
  }

  function open(given: buildConnector.Options, callback: buildConnector.Callback): void {
    count++;
    connect(given, (...[error, socket]: Parameters<buildConnector.Callback>) => {
      if (error) {
        release();
        callback(error, null);
      } else {
        socket.once('close', release);
        callback(null, socket);
      }
    });
  }

  return (given, callback) => {
    if (count < max) open(given, callback);
    else waiting.push([given, callback]);
  };
}
