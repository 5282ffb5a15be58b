import { Bytes, jsonPieces, mergedInOrder, orderedObject, readJsonBytes, writeJson } from '@b24/portal';
import fc from 'fast-check';
import { callBody } from './call-body';

const token = 'a"b';
const textOf = (params: Record<string, unknown>) =>
  callBody({ params }, token)
    .map((piece) => (typeof piece === 'string' ? piece : Buffer.concat([...piece.json()]).toString()))
    .join('');

describe('the body of a call', () => {
  it('ends with the token, as if it were one more parameter', () => {
    const names = fc.oneof(fc.string(), fc.constantFrom('auth', 'toJSON', '7', '__proto__'));
    const values = fc.oneof(fc.jsonValue(), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 4 }), (entries) => {
        const params = orderedObject(entries);
        expect(textOf(params)).toBe(writeJson(mergedInOrder(params, { auth: token })));
      }),
    );
  });

  it('ends with the token also after a long text, or for positional parameters', () => {
    const long = readJsonBytes(Bytes.of(`{"a":"${'x'.repeat(100_000)}"}`)) as Record<string, unknown>;
    expect(textOf(long).endsWith('x","auth":"a\\"b"}')).toBe(true);
    expect(textOf([1, 2] as unknown as Record<string, unknown>)).toBe('{"0":1,"1":2,"auth":"a\\"b"}');
    expect(jsonPieces(JSON.parse(textOf({})))).toEqual(['{"auth":"a\\"b"}']);
  });

  it('is as it was given when the token is elsewhere', () => {
    expect(callBody({ params: { auth: 1 } }, undefined)).toEqual(['{"auth":1}']);
    expect(callBody({ params: {}, v3: { body: [1] } }, undefined)).toEqual(['[1]']);
    expect(callBody({ params: {}, json: '{"halt":0}' }, token)).toEqual(['{"halt":0,"auth":"a\\"b"}']);
  });
});
