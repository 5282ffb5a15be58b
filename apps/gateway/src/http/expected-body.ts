import type { Server, ServerResponse } from 'node:http';

const awaiting = new WeakSet<ServerResponse>();

/** Delays `100 Continue` until `askForBody`. Node would send it at once. */
export function holdBackBodies(server: Server): void {
  server.on('checkContinue', (request, response) => {
    awaiting.add(response);
    server.emit('request', request, response);
  });
}

/** Sends `100 Continue` to a caller that waits for it. */
export function askForBody(response: ServerResponse): void {
  if (awaiting.delete(response)) response.writeContinue();
}
