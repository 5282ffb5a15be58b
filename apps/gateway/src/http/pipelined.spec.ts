import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { closePipelinedAnswers, onResponseClosed } from './pipelined';

describe('the responses of a connection that ended', () => {
  const asked = (socket: Socket) => {
    const server = createServer();
    closePipelinedAnswers(server);
    const request = new IncomingMessage(socket);
    const answer = new ServerResponse(request);
    server.emit('request', request, answer);
    return answer;
  };

  it('are closed, also those whose turn has not come', async () => {
    const socket = new Socket();
    const answer = asked(socket);
    const over = once(answer, 'close');
    socket.destroy();
    await over;
    expect(answer.destroyed).toBe(true);
  });

  it('are closed, also if it ended before they were requested', async () => {
    const socket = new Socket();
    socket.destroy();
    await once(socket, 'close');
    const answer = asked(socket);
    await new Promise<void>((resolve) => {
      onResponseClosed(answer, resolve);
    });
  });

  it('are found closed by a listener that is added later', () => {
    const answer = new ServerResponse(new IncomingMessage(new Socket()));
    answer.destroy();
    let isOver = false;
    onResponseClosed(answer, () => (isOver = true));
    expect(isOver).toBe(true);
  });
});
