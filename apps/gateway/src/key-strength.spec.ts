import { randomBytes, randomUUID } from 'node:crypto';
import { estimatedBits } from './key-strength';

const enough = 80;
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

describe('the estimate of what must be guessed of a key', () => {
  it('is enough for what generators make', () => {
    for (let i = 0; i < 2000; i++) {
      const made = [
        randomBytes(32).toString('base64'),
        randomBytes(32).toString('base64url'),
        randomBytes(24).toString('base64'),
        randomBytes(32).toString('hex'),
        randomBytes(16).toString('hex'),
        randomUUID(),
        `b24admin_${randomBytes(32).toString('base64url')}`,
      ];
      expect(made.filter((it) => estimatedBits(it) < enough)).toEqual([]);
    }
  });

  it.each([
    'a'.repeat(32),
    'a'.repeat(512),
    'ab'.repeat(20),
    'abc123'.repeat(80),
    alphabet,
    [...alphabet].reverse().join(''),
    `${alphabet}${alphabet.toUpperCase()}`,
    'password'.repeat(4),
    'Password123!Password123!Password123!',
    'passwordpasswordPASSWORDPASSWORD',
    '0'.repeat(31) + '1',
    '01'.repeat(256),
    'changeme-changeme-changeme-changeme',
    '12345678901234567890123456789012',
    'qwertyuiop'.repeat(4),
  ])('is too little for %s', (key) => {
    expect(estimatedBits(key)).toBeLessThan(enough);
  });
});
