import { unescape } from 'node:querystring';

/*
 * Looks for secrets in whatever left the gateway, by code of its own: it shares nothing with what keeps them out, so
 * that a mistake of the one is not a mistake of the other.
 */

/** The names of the secrets that this text gives away, in any encoding, `layers` deep. */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>, layers = 3): string[] {
  const wanted = Object.entries(secrets).map(([name, secret]) => [name, secret.toLowerCase()] as const);
  const shortest = Math.min(...wanted.map(([, secret]) => secret.length));
  const found = new Set<string>();
  let level = new Set([text]);
  for (let depth = 0; depth <= layers; depth++) {
    for (const seen of level) {
      const lower = seen.toLowerCase();
      for (const [name, secret] of wanted) if (lower.includes(secret)) found.add(name);
    }
    if (depth < layers) level = new Set([...level].flatMap((it) => readings(it, shortest)));
  }
  return [...found];
}

/** Every string in a JSON text, names of members too, and the text itself. */
export function stringsIn(text: string): string[] {
  const strings = [text];
  for (const line of [text, ...text.split('\n')]) {
    try {
      JSON.parse(line, (name, value: unknown) => {
        strings.push(name);
        if (typeof value === 'string') strings.push(value);
        return value;
      });
    } catch {
      // Not JSON: only the text itself.
    }
  }
  return [...new Set(strings)].filter((it) => it.length >= 8);
}

/** What a text may mean to somebody who takes one encoding off. */
function readings(text: string, shortest: number): string[] {
  const whole = [percent(text), percent(text.replace(/=(?=[0-9A-Fa-f]{2})/g, '%')), entities(text), json(text)];
  const parts = [...base64Parts(text, shortest), ...hexParts(text, shortest)];
  // Bytes that are no text can't be read on.
  const readable = new RegExp(`[!-~\\s\\0]{${Math.min(shortest, 16)}}`);
  return [...whole, ...parts].filter((it) => it !== text && readable.test(it));
}

function percent(text: string): string {
  return text.includes('%') ? unescape(text) : text;
}

function entities(text: string): string {
  const names: Record<string, string> = { '&amp': '&', '&plus': '+', '&sol': '/', '&equals': '=', '&percnt': '%' };
  const pieces = text.split(/(&#?[a-zA-Z0-9]+;?)/);
  return pieces
    .map((piece) => {
      const bare = piece.replace(/;$/, '');
      if (names[bare] !== undefined) return names[bare];
      const code = /^&#x/i.test(bare) ? parseInt(bare.slice(3), 16) : /^&#\d/.test(bare) ? Number(bare.slice(2)) : NaN;
      return code > 0 && code < 0x10000 ? String.fromCharCode(code) : piece;
    })
    .join('');
}

function json(text: string): string {
  let read = '';
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1] ?? '';
    if (text[i] !== '\\') read += text[i];
    else if (next === 'u') {
      read += String.fromCharCode(parseInt(text.slice(i + 2, i + 6), 16));
      i += 5;
    } else {
      read += { n: '\n', r: '\r', t: '\t' }[next] ?? next;
      i += 1;
    }
  }
  return read;
}

const base64Letters = /[A-Za-z0-9+/=_-](?:[A-Za-z0-9+/=_-]|[\r\n])*/g;

function base64Parts(text: string, shortest: number): string[] {
  return (text.match(base64Letters) ?? []).flatMap((part) => {
    const letters = part.replace(/[\r\n]/g, '');
    if (letters.length < shortest) return [];
    return letters.split('=').flatMap((piece) => [0, 1, 2, 3].map((skip) => sixBits(piece.slice(skip))));
  });
}

/** Base64 by hand: six bits a letter, whole bytes only. */
function sixBits(letters: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let bits = 0;
  let held = 0;
  let read = '';
  for (const letter of letters.replaceAll('-', '+').replaceAll('_', '/')) {
    held = ((held << 6) | alphabet.indexOf(letter)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    read += String.fromCharCode((held >> bits) & 0xff);
  }
  return read;
}

function hexParts(text: string, shortest: number): string[] {
  return (text.match(/[0-9a-fA-F]+/g) ?? []).flatMap((digits) =>
    digits.length < 2 * shortest ? [] : [pairs(digits), pairs(digits.slice(1))],
  );
}

function pairs(digits: string): string {
  let read = '';
  for (let i = 0; i + 1 < digits.length; i += 2) read += String.fromCharCode(parseInt(digits.slice(i, i + 2), 16));
  return read;
}
