import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Runs the callback once the response is closed; at once if it is closed already. */
export function onResponseClosed(answer: ServerResponse, then: () => void): void {
  if (answer.destroyed) then();
  else answer.once('close', then);
}

/**
 * A caller may send requests before earlier ones on its connection are answered. If such a connection ends, Node closes
 * the current response and does not notify the later ones. This closes them too, so that their slots are released, their
 * calls are aborted and their streams end. Returns whether a connection has responses that are not complete.
 */
export function closePipelinedAnswers(server: Server): (socket: Socket) => boolean {
  const answersOf = new WeakMap<Socket, Set<ServerResponse>>();
  // Added before any other listener of the response.
  server.prependListener('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    // The request was read from data that arrived before the connection ended; its handler runs in this turn.
    if (socket.closed) {
      setImmediate(end, answer);
      return;
    }
    const answers = answersOf.get(socket) ?? answersWhile(socket);
    answersOf.set(socket, answers.add(answer));
    answer.once('close', () => answers.delete(answer));
  });
  return (socket) => (answersOf.get(socket)?.size ?? 0) > 0;
}

/** The open responses of a connection. */
function answersWhile(socket: Socket): Set<ServerResponse> {
  const answers = new Set<ServerResponse>();
  socket.once('close', () => {
    for (const answer of answers) end(answer);
  });
  return answers;
}

function end(answer: ServerResponse): void {
  answer.destroy();
  answer.emit('close');
}
