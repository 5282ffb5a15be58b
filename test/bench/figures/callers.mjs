import { setTimeout as sleep } from 'node:timers/promises';

/** Callers who call again as soon as they have their answer, or after a pause. */
export class Callers {
  answers = [];
  ended = false;

  /** @param call told which caller it is for; true when the answer is the right one, a rejection ends the benchmark */
  constructor(count, call, { pauseMs = 0 } = {}) {
    this.call = call;
    this.pauseMs = pauseMs;
    this.all = Promise.all(Array.from({ length: count }, (_, caller) => this.goOn(caller)));
    this.all.catch(() => undefined); // told by whoever measures
  }

  /** What came back during the next seconds. */
  async measured(seconds) {
    this.answers = [];
    const startedAt = performance.now();
    await Promise.race([sleep(seconds * 1000), this.all]);
    const elapsed = (performance.now() - startedAt) / 1000;
    const answers = this.answers;
    const right = answers.filter((it) => it.right).length;
    const times = answers.map(({ ms }) => ms);
    return { right, wrong: answers.length - right, perSecond: right / elapsed, times };
  }

  /** Nobody calls again; what is under way is left to itself. */
  end() {
    this.ended = true;
  }

  async goOn(caller) {
    // Not all at the same moment.
    await sleep(this.pauseMs * Math.random());
    while (!this.ended) {
      const startedAt = performance.now();
      const right = await this.call(caller);
      this.answers.push({ right, ms: performance.now() - startedAt });
      if (this.pauseMs) await sleep(this.pauseMs);
    }
  }
}

/** How long the quickest share of them took at most. */
export function percentile(times, share) {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];
}
