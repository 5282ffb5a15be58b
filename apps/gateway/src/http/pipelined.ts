import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Calls back when the answer is over, at once if it is already: its caller may have hung up before anybody listened. */
export function onResponseClosed(answer: ServerResponse, then: () => void): void {
  if (answer.destroyed) then();
  else answer.once('close', then);
}

/**
 * Requests may be sent before the answers to earlier ones of their connection have come. When such a connection ends, Node
 * closes the answer whose turn it is and tells nothing to those behind it. Here they are closed as well, so that whatever
 * waits for the end of an answer hears of it: places are given back, calls are given up, streams end.
 */
export function closePipelinedAnswers(server: Server): void {
  const answersOf = new WeakMap<Socket, Set<ServerResponse>>();
  // Before anything else can listen to the answer.
  server.prependListener('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    // Read from what a connection had sent before it ended; whoever is to answer it comes to it in this turn.
    if (socket.closed) {
      setImmediate(end, answer);
      return;
    }
    const answers = answersOf.get(socket) ?? answersWhile(socket);
    answersOf.set(socket, answers.add(answer));
    answer.once('close', () => answers.delete(answer));
  });
}

/** The answers that a connection is to give. */
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
