import { assertSafeJson } from './safe-json';

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const harmless = (body: unknown) => {
  try {
    assertSafeJson(body);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_request' });
    return false;
  }
};

describe('a parsed body', () => {
  it('is refused when it is nested deeper than anything this API takes, however deep', () => {
    expect(harmless(nested(32))).toBe(true);
    expect(harmless(nested(33))).toBe(false);
    const bottomless = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
    expect(harmless(bottomless)).toBe(false);
    expect(harmless({ a: { b: [nested(40)] } })).toBe(false);
  });

  it('is refused when a field at any depth has the name of a prototype', () => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      expect(harmless(JSON.parse(`{"${name}":1}`))).toBe(false);
      expect(harmless(JSON.parse(`{"a":[{"b":{"${name}":{}}}]}`))).toBe(false);
    }
  });

  it('may have any other content', () => {
    for (const body of [undefined, null, 1, 'constructor', ['__proto__'], { a: { b: [1, 'x', null] } }, {}])
      expect(harmless(body)).toBe(true);
  });
});
