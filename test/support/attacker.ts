import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A machine that would like to be asked; it remembers whoever did. */
export class Attacker {
  readonly asked: string[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      response.end('{}');
    });
  }

  static async listen(): Promise<Attacker> {
    const attacker = new Attacker();
    await once(attacker.server.listen(0, '127.0.0.1'), 'listening');
    return attacker;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
