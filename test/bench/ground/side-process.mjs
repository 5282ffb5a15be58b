import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the benchmark that tells about itself once it is up, and then answers questions, one after the other. */
export class SideProcess {
  lastAnswer = Promise.resolve();

  static async start(file, options) {
    const child = fork(new URL(file, import.meta.url), [JSON.stringify(options)]);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended by itself.`)));
    const [about] = await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return new SideProcess(child, about);
  }

  constructor(child, about) {
    this.child = child;
    this.about = about;
  }

  get pid() {
    return this.child.pid;
  }

  ask(question, about) {
    const answer = this.lastAnswer.then(async () => {
      this.child.send({ question, about });
      return (await once(this.child, 'message'))[0];
    });
    this.lastAnswer = answer;
    return answer;
  }

  stop() {
    this.child.kill();
  }
}

/** The other end: says what it is, answers until its parent is gone. */
export function serveParent(about, answers = {}) {
  process.on('message', async ({ question, about: it }) => process.send((await answers[question](it)) ?? {}));
  process.on('disconnect', () => process.exit());
  process.send(about);
}

export const optionsFromParent = () => JSON.parse(process.argv[2]);
