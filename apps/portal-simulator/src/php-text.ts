/** Characters of UTF-8, or one byte that belongs to none, in a string of bytes. */
const characters =
  /[\0-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[^]/g;

const escapedBytes = /[\udc80-\udcff]/;

/** Reads bytes (one a character) as UTF-8. A byte `XX` that is no UTF-8 becomes the lone surrogate `\udcXX`. */
export function textOfBytes(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? bytes.replace(characters, characterOf) : text;
}

/** The bytes (one a character) that `textOfBytes` reads as this text. */
export function bytesOfText(text: string): string {
  if (text.isWellFormed()) return utf8Bytes(text);
  return [...text].map((char) => (escapedBytes.test(char) ? byteOf(char) : utf8Bytes(char))).join('');
}

function characterOf(bytes: string): string {
  if (bytes.length === 1 && bytes >= '\x80') return String.fromCharCode(0xdc00 + bytes.charCodeAt(0));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function byteOf(char: string): string {
  return char.length === 1 ? String.fromCharCode(char.charCodeAt(0) - 0xdc00) : utf8Bytes(char);
}

function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
