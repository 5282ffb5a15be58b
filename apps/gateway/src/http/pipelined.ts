import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests may be sent before the answers to earlier ones of their connection have come. When such a connection ends, Node
 * closes the answer whose turn it is and tells nothing to those behind it. Here they are closed as well, so that whatever
 * waits for the end of an answer hears of it: places are given back, calls are given up, streams end.
 */
export function closePipelinedAnswers(server: Server): void {
  const answersOf = new WeakMap<Socket, Set<ServerResponse>>();
  // Before anything else can listen to the answer.
  server.prependListener('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    const answers = answersOf.get(socket) ?? answersWhile(socket);
    answersOf.set(socket, answers.add(answer));
    answer.once('close', () => answers.delete(answer));
  });
}

/** The answers that a connection is to give. */
function answersWhile(socket: Socket): Set<ServerResponse> {
  const answers = new Set<ServerResponse>();
  socket.once('close', () => {
    for (const answer of answers) {
      answer.destroy();
      answer.emit('close');
    }
  });
  return answers;
}
