import { noCallFilter, pageQuery, streamQuery } from './call-query';

describe('the query for calls', () => {
  it('has the filters that are set', () => {
    const filter = { ...noCallFilter, portal: 'acme', client: 'c_1', method: 'user.get', requestId: 'r 1' };
    expect(pageQuery(filter, '7.~')).toBe('portal=acme&client=c_1&method=user.get&requestId=r+1&cursor=7.%7E&limit=50');
    expect(streamQuery(filter)).toBe('portal=acme&client=c_1&method=user.get&seconds=3600');
    expect(pageQuery(noCallFilter)).toBe('limit=50');
  });

  it('asks for a code, or for all that failed', () => {
    expect(pageQuery({ ...noCallFilter, code: 'failed' })).toBe('failed=true&limit=50');
    expect(streamQuery({ ...noCallFilter, code: 'portal_error' })).toBe('code=portal_error&seconds=3600');
  });

  it('has times in UTC', () => {
    const filter = { ...noCallFilter, since: '2026-11-01T03:00Z', until: '2026-11-01T04:00+01:00' };
    expect(pageQuery(filter)).toBe('since=2026-11-01T03%3A00%3A00.000Z&until=2026-11-01T03%3A00%3A00.000Z&limit=50');
  });
});
