import { readPage } from './answer-body';

describe('the numbers beside a page', () => {
  it.each([
    [130, 50, { total: 130, next: 50 }],
    ['130', '50', { total: 130, next: 50 }],
    [undefined, undefined, {}],
    [null, false, {}],
    ['many', '', {}],
    ['-1', '1e3', {}],
    ['1234567890123456', [50], {}],
  ])('are read from %j and %j', (total, next, page) => {
    expect(readPage(total, next)).toEqual(page);
  });
});
