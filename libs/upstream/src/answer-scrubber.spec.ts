import { type Authorization, linkRemoved, Secret } from '@b24/portal';
import { answerScrubber } from './answer-scrubber';

const endpoint = new Secret('https://acme.bitrix24.de/rest/');
const [first, second, third, fourth] = ['1', '2', '3', '4'].map((it) => it.repeat(70)) as [
  string,
  string,
  string,
  string,
];
const app = (token: string, ...others: string[]): Authorization => ({
  endpoint,
  accessToken: new Secret(token),
  otherSecrets: others.map((it) => new Secret(it)),
});
const bodyOf = (text: string) => JSON.stringify({ result: text });

describe('an answer of a portal', () => {
  const scrub = answerScrubber();
  const left = (text: string, authorization: Authorization) =>
    (JSON.parse(scrub({ status: 200, body: bodyOf(text) }, authorization).body) as { result: string }).result;

  it('loses the token of its request, the two before on that portal, and what else is secret of the grant', () => {
    for (const token of [first, second, third, fourth]) left('', app(token));
    expect(left(`${first} ${second} ${third} ${fourth}`, app(fourth))).toBe(`${first} [secret] [secret] [secret]`);
    expect(left(`of ${second} and ${first}`, app(fourth, first))).toBe('of [secret] and [secret]');
    expect(left(fourth, { ...app(first), endpoint: new Secret('https://other.bitrix24.de/rest/') })).toBe(fourth);
  });

  it('loses the secret of a webhook, and every link to a webhook of that portal', () => {
    const hook: Authorization = { endpoint: new Secret('https://acme.bitrix24.de/rest/1/qwertzuiopasdfgh/') };
    expect(left('is qwertzuiopasdfgh', hook)).toBe('is [secret]');
    expect(left('https://acme.bitrix24.de/rest/1/qwertzuiopasdfgh/profile', hook)).toBe(linkRemoved);
    expect(left('https://acme.bitrix24.de/rest/6/another0secret00/profile', hook)).toBe(linkRemoved);
  });

  it('keeps its status, and its body byte for byte where there is nothing to lose', () => {
    const body = '{"result": {"ID" : 9007199254740993, "price":1.10}}';
    expect(scrub({ status: 418, body }, app(first))).toEqual({ status: 418, body });
  });
});
