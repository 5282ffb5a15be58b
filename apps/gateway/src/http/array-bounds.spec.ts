import 'reflect-metadata';
import { z } from 'zod';
import { batchSchema } from '../api/calls/batches.controller';
import { fanOutSchema } from '../api/calls/fan-out.controller';
import { assertArrayBounds } from './array-bounds';

describe('an array that is longer than its schema allows', () => {
  const schema = z
    .strictObject({
      names: z.array(z.string()).min(1).max(2).default([]),
      to: z.union([z.literal('all'), z.array(z.string()).max(3)]).optional(),
      any: z.array(z.string()).optional(),
    })
    .prefault({});
  const outcome = (body: unknown, of: unknown = schema) => {
    try {
      assertArrayBounds(of, body);
      return 'passed';
    } catch (error) {
      return (error as { errors: { path: string }[] }).errors[0]?.path;
    }
  };

  it.each<[unknown, string]>([
    [{ names: [1, 2, 3] }, 'names'],
    [{ names: [1, 2] }, 'passed'],
    [{ to: ['a', 'b', 'c', 'd'] }, 'to'],
    [{ to: 'all', any: [1, 2, 3, 4, 5] }, 'passed'],
    [{ names: 'xxx' }, 'passed'],
    [null, 'passed'],
    [[1, 2, 3], 'passed'],
    ['text', 'passed'],
  ])('is refused before its items are validated: %j', (body, expected) => {
    expect(outcome(body)).toBe(expected);
  });

  it('is refused where many items are possible: the commands of a batch, the portals of a fan-out', () => {
    const items = Array.from({ length: 1001 }, () => 1);
    expect(outcome({ commands: items }, batchSchema)).toBe('commands');
    expect(outcome({ portals: items, call: {} }, fanOutSchema)).toBe('portals');
  });
});
