import type { buildConnector } from 'undici';

type PendingConnect = readonly [given: buildConnector.Options, callback: buildConnector.Callback];

/** Returns a connector that has at most `max` connections open or opening, over all servers. Others wait in turn. */
export function limitedConnect(connect: buildConnector.connector, max: number): buildConnector.connector {
  const waiting: PendingConnect[] = [];
  let count = 0;

  /** Hands the place of a connection on, later: a connector may fail at once, for thousands that wait. */
  function release(): void {
    const next = waiting.shift();
    if (next) setImmediate(open, ...next);
    else count--;
  }

  function open(given: buildConnector.Options, callback: buildConnector.Callback): void {
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
    if (count === max) {
      waiting.push([given, callback]);
      return;
    }
    count++;
    open(given, callback);
  };
}
