import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange } from './exchange';
import type { InjectedFault } from './fault-injector';
import { phpJson } from './php-json';
import type { WireAnswer } from './wire-answer';
import { type WireFault, isWireFault } from './fault-kinds';

const frontEndPage = '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n';

/**
 * Does to the answer what the fault says. True: the answer is spoilt and nothing more must be sent.
 * False (`slow`): go on as if nothing had happened.
 */
export async function injectWireFault(
  exchange: Exchange,
  fault: InjectedFault<string>,
  answer: WireAnswer,
): Promise<boolean> {
  const delayMs = fault.delayMs ?? (fault.kind === 'slow' ? 1000 : 0);
  if (delayMs > 0 && fault.kind !== 'trickle') await delay(delayMs, undefined, { ref: false });
  if (!isWireFault(fault.kind)) return false;
  return injections[fault.kind](exchange, fault, answer);
}

type InjectFault = (exchange: Exchange, fault: InjectedFault<string>, answer: WireAnswer) => boolean;

const spoilt =
  (send: (exchange: Exchange, fault: InjectedFault<string>, answer: WireAnswer) => void): InjectFault =>
  (exchange, fault, answer) => {
    send(exchange, fault, answer);
    return true;
  };

const json = (status: number, text: string): InjectFault =>
  spoilt((exchange, fault) => exchange.send(fault.status ?? status, 'application/json; charset=utf-8', text));

/** Stretches the answer far enough that no half of it is valid JSON by accident. */
function textOf(answer: WireAnswer): string {
  if (answer.scripted !== undefined) return answer.scripted.text;
  return phpJson(answer.body ?? { result: [], time: {} });
}

const injections: Record<WireFault, InjectFault> = {
  html: spoilt((exchange, { status, body }) => exchange.html(status ?? 502, body ?? frontEndPage)),
  empty: spoilt((exchange, { status }) => exchange.send(status ?? 200, 'application/json', '')),
  truncated: spoilt((exchange, { status }, answer) => {
    const text = textOf(answer);
    exchange.send(status ?? answer.status, 'application/json', text.slice(0, Math.floor(text.length / 2)));
  }),
  huge: spoilt((exchange, { status }) => {
    exchange.json(status ?? 200, { result: 'x'.repeat(64 * 1024 * 1024) });
  }),
  'cut-before': spoilt((exchange) => exchange.cut()),
  'cut-after': spoilt((exchange) => exchange.cut()),
  slow: () => false,
  hang: () => true,
  stall: spoilt((exchange, { status }, answer) => {
    exchange.sendPart(status ?? answer.status, textOf(answer), 0.5, false);
  }),
  trickle: spoilt((exchange, { status, delayMs }, answer) => {
    exchange.trickle(status ?? answer.status, delayMs ?? 1000);
  }),
  redirect: spoilt((exchange, { location }) => {
    exchange.redirect(location ?? `http://${exchange.header('host')}${exchange.path}`);
  }),
  'result-missing': json(200, '{"time":{"start":1}}'),
  'result-null': json(200, '{"result":null,"time":{"start":1}}'),
  'json-array': json(200, '[]'),
  'json-null': json(200, 'null'),
  'json-text': json(200, '"ok"'),
  custom: spoilt((exchange, fault) => {
    exchange.send(fault.status ?? 200, fault.contentType ?? 'application/json', fault.body ?? '');
  }),
};
