import type { Server, ServerResponse } from 'node:http';

const awaiting = new WeakSet<ServerResponse>();

/** A caller that sent `Expect: 100-continue` is asked for its body by `askForBody` and not before, as Node would. */
export function holdBackBodies(server: Server): void {
  server.on('checkContinue', (request, response) => {
    awaiting.add(response);
    server.emit('request', request, response);
  });
}

/** Asks a caller that waits with its body to send it. */
export function askForBody(response: ServerResponse): void {
  if (awaiting.delete(response)) response.writeContinue();
}
