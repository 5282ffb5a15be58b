import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { closePipelinedAnswers, onResponseClosed } from './pipelined';

describe('the answers of a connection that ended', () => {
  const asked = (socket: Socket) => {
    const server = createServer();
    closePipelinedAnswers(server);
    const request = new IncomingMessage(socket);
    const answer = new ServerResponse(request);
    server.emit('request', request, answer);
    return answer;
  };

  it('are over, also those whose turn has not come', async () => {
    const socket = new Socket();
    const answer = asked(socket);
    const over = once(answer, 'close');
    socket.destroy();
    await over;
    expect(answer.destroyed).toBe(true);
  });

  it('are over, also when it ended before they were asked for', async () => {
    const socket = new Socket();
    socket.destroy();
    await once(socket, 'close');
    const answer = asked(socket);
    await new Promise<void>((resolve) => {
      onResponseClosed(answer, resolve);
    });
  });

  it('are found to be over by whoever comes late', () => {
    const answer = new ServerResponse(new IncomingMessage(new Socket()));
    answer.destroy();
    let isOver = false;
    onResponseClosed(answer, () => (isOver = true));
    expect(isOver).toBe(true);
  });
});
