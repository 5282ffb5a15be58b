import crypto, { randomBytes } from 'node:crypto';
import { Secret } from '@b24/portal';
import fc from 'fast-check';
import { type EncryptionKey, keyIdOf, Keyring } from './keyring';
import type { SealPurpose } from './sealer';

const key = (id: string): EncryptionKey => ({ id, key: randomBytes(32) });
const [first, second] = [key('k1'), key('k2')];
const ofGrants = (...keys: [EncryptionKey, ...EncryptionKey[]]) => new Keyring(keys).for('grants');
const seal = ofGrants(first);
const place = 'a|accessToken';
const text = fc.string({ unit: 'grapheme' });

describe('a sealed secret', () => {
  it('opens at its own place to what it was, whatever it was', () => {
    fc.assert(
      fc.property(text, text, (secret, at) => {
        expect(seal.open(seal.seal(new Secret(secret), at), at).reveal()).toBe(secret);
      }),
    );
  });

  it('opens nowhere else', () => {
    const places = fc.uniqueArray(text, { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(places, ([here = '', there = '']) => {
        const sealed = seal.seal(new Secret('secret'), here);
        expect(() => seal.open(sealed, there)).toThrow();
      }),
    );
  });

  it('does not open when any bit of it was changed, or a part cut off', () => {
    const bytes = Buffer.from(seal.seal(new Secret('secret'), place).split('.')[2] ?? '', 'base64url');
    const opened = (data: Buffer) => seal.open(`v2.k1.${data.toString('base64url')}`, place);
    expect(opened(bytes).reveal()).toBe('secret');
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => opened(changed)).toThrow();
      }),
    );
    for (let length = 0; length < bytes.length; length++) expect(() => opened(bytes.subarray(0, length))).toThrow();
  });

  it('is another text each time, and never shows what is in it', () => {
    const texts = Array.from({ length: 100 }, () => seal.seal(new Secret('secret'), place));
    expect(new Set(texts).size).toBe(100);
    for (const sealed of texts)
      expect(Buffer.from(sealed.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('secret');
  });

  it('is written with the first key and read with any', () => {
    const old = seal.seal(new Secret('secret'), place);
    const rotated = ofGrants(second, first);
    expect(rotated.open(old, place).reveal()).toBe('secret');
    expect(rotated.seal(new Secret('secret'), place)).toMatch(/^v2\.k2\./);
    expect(() => seal.open(rotated.seal(new Secret('secret'), place), place)).toThrow(
      "key 'k2', which is not among ENCRYPTION_KEYS",
    );
  });

  it('does not open with another key of the same name', () => {
    const sealed = seal.seal(new Secret('secret'), place);
    expect(() => ofGrants(key('k1')).open(sealed, place)).toThrow();
  });

  it('does not open when it is no sealed secret', () => {
    for (const none of ['', 'v1', 'v1.k1.', 'v2.k1.AAAA', 'v3.k1.AAAA', '.k1.AAAA', 'secret'])
      expect(() => seal.open(none, place)).toThrow();
  });

  it('lends keys for other purposes: the same on every replica, another for each purpose', () => {
    const both = new Keyring([first, second]);
    expect(both.derive('a')).toEqual(new Keyring([first, second]).derive('a'));
    const all = [...both.derive('a'), ...both.derive('b'), first.key, second.key].map((it) => it.toString('hex'));
    expect(new Set(all).size).toBe(6);
    expect(both.derive('a')[0]).toEqual(new Keyring([first]).derive('a')[0]);
  });

  it('is sealed anew under the first key when it was under another, for the same place only', () => {
    const old = seal.seal(new Secret('secret'), place);
    const rotated = ofGrants(second, first);
    expect([rotated.isStale(old), seal.isStale(old), rotated.isStale('plain'), rotated.isStale('v2.k1.short')]).toEqual(
      [true, false, false, false],
    );
    const renewed = rotated.reseal(old, place);
    expect([keyIdOf(renewed), rotated.isStale(renewed)]).toEqual(['k2', false]);
    expect(ofGrants(second).open(renewed, place).reveal()).toBe('secret');
    expect(() => rotated.reseal(old, 'b|accessToken')).toThrow();
  });

  it('opens for its own purpose only, whatever place it is put in', () => {
    const keys = new Keyring([first]);
    const purposes: SealPurpose[] = [
      'grants',
      'apps',
      'install claims',
      'subscriptions',
      'event bodies',
      'jobs',
      'job results',
      'write answers',
      'remote calls',
    ];
    for (const mine of purposes) {
      const sealed = keys.for(mine).seal(new Secret('secret'), place);
      const opens = purposes.filter((it) => {
        try {
          return keys.for(it).open(sealed, place).reveal() === 'secret';
        } catch {
          return false;
        }
      });
      expect(opens).toEqual([mine]);
    }
  });

  it('has a key of its own: no two texts share one, and none is the encryption key', () => {
    const spied = jest.spyOn(crypto, 'createCipheriv');
    for (let i = 0; i < 50; i++) seal.seal(new Secret('secret'), place);
    const used = spied.mock.calls.map(([, keyOfText]) => (keyOfText as Buffer).toString('hex'));
    spied.mockRestore();
    expect(new Set([...used, first.key.toString('hex')]).size).toBe(51);
  });

  it('of a build before purposes is read, is stale, and is sealed anew in the form of now', () => {
    const iv = randomBytes(12);
    const cipher = crypto.createCipheriv('aes-256-gcm', first.key, iv).setAAD(Buffer.from(place));
    const ciphertext = Buffer.concat([cipher.update('secret', 'utf8'), cipher.final()]);
    const old = `v1.k1.${Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64url')}`;
    expect(seal.open(old, place).reveal()).toBe('secret');
    expect(() => seal.open(old, 'b|accessToken')).toThrow();
    expect([seal.isStale(old), keyIdOf(old)]).toEqual([true, 'k1']);
    const renewed = seal.reseal(old, place);
    expect(renewed).toMatch(/^v2\.k1\./);
    expect([seal.isStale(renewed), seal.open(renewed, place).reveal()]).toEqual([false, 'secret']);
  });
});
