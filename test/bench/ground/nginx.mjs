import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Child } from '../../../scripts/launch/children.mjs';
import { answers, freePorts, until } from '../../../scripts/launch/ports.mjs';

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** Where distributions install it, which is not on the PATH of every user. */
const PATH = [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(delimiter);
const env = { ...process.env, PATH };

/** nginx as a reverse proxy in one process, with connections that it keeps to the vendor. */
export class Nginx {
  static get installed() {
    return spawnSync('nginx', ['-v'], { env }).status === 0;
  }

  static async start(origin) {
    const folder = mkdtempSync(join(tmpdir(), 'b24-bench-nginx-'));
    const [port] = await freePorts(18_080, 1);
    const config = join(folder, 'nginx.conf');
    writeFileSync(config, configOf(folder, port, new URL(origin).host));
    const args = ['-p', folder, '-c', config, '-e', 'stderr'];
    const child = new Child('nginx', 'nginx', args, { env, pidFile: join(folder, 'child.pid') });
    const nginx = new Nginx(folder, port, child);
    await until(async () => !nginx.child.running || (await answers(port)));
    if (!nginx.child.running) throw new Error(`nginx did not start. ${nginx.child.errors}`);
    return nginx;
  }

  constructor(folder, port, child) {
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.child = child;
    this.pid = child.process.pid;
  }

  async stop() {
    await this.child.stop(5000);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function configOf(folder, port, vendor) {
  return `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    events { worker_connections 1024; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n      ')}
      keepalive_requests 1000000;
      upstream vendor { server ${vendor}; keepalive 64; keepalive_requests 1000000; }
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://vendor; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`;
}
