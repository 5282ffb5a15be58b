import { orderedObject, writeJson } from '@b24/portal';
import { emptyBatch, withRefused } from './batch-answer';

const error = { error: 'ERROR_METHOD_NOT_FOUND', error_description: 'Method not found!' };

describe('the answer to a batch with commands that were not sent', () => {
  it('has their errors beside those of the portal, in the shape of PHP', () => {
    expect(withRefused(emptyBatch, { refused: [{ name: 'a', error }] })).toEqual({
      ...emptyBatch,
      result_error: { a: error },
    });
    const errors = (result_error: unknown, ...names: string[]) =>
      writeJson(
        withRefused({ result_error }, { refused: names.map((name) => ({ name, error: { ...error, error: 'E' } })) }),
      );
    expect(errors([], '0')).toMatch(/^\{"result_error":\[\{"error":"E"/);
    expect(errors(orderedObject([['30', 1]]), '5')).toMatch(/^\{"result_error":\{"30":1,"5":\{/);
  });

  it('has none of them where the batch halted before', () => {
    const halted = { ...emptyBatch, result_error: { x: { error: 'E' } } };
    expect(withRefused(halted, { refused: [{ name: 'a', error }], halts: true })).toBe(halted);
    expect(withRefused(halted, { refused: [{ name: 'a', error }], halts: false })).toMatchObject({
      result_error: { a: error },
    });
  });
});
