import { createHash, randomBytes } from 'node:crypto';

/** An authorization code, an access token and a refresh token. */
export type AssistantTokenKind = 'code' | 'access' | 'refresh';

/** A code or token as its bearer presents it. */
export interface PresentedToken {
  /** SHA-256 of the assistant's secret id, which names its record in Redis. */
  readonly record: string;
  /** SHA-256 of the whole token. */
  readonly digest: string;
}

const prefixes: Readonly<Record<AssistantTokenKind, string>> = {
  code: 'b24code_',
  access: 'b24access_',
  refresh: 'b24refresh_',
};
/** 128 bits that name the assistant, and 256 bits of the token itself. */
const partsPattern = /^([\w-]{22})\.[\w-]{43}$/;

/** Returns whether a text is meant as an access token of an assistant, not as a key. */
export function isAccessToken(text: string): boolean {
  return text.startsWith(prefixes.access);
}

/** Returns a new secret id, which all tokens of one assistant contain and nothing else does. */
export function newSecretId(): string {
  return randomBytes(16).toString('base64url');
}

/** Returns a new token of an assistant. */
export function newToken(kind: AssistantTokenKind, secretId: string): string {
  return `${prefixes[kind]}${secretId}.${randomBytes(32).toString('base64url')}`;
}

/** Reads a token; undefined for a text that has not the form of this kind. */
export function readToken(kind: AssistantTokenKind, text: string): (PresentedToken & { secretId: string }) | undefined {
  if (text.length > 100 || !text.startsWith(prefixes[kind])) return undefined;
  const [, secretId] = partsPattern.exec(text.slice(prefixes[kind].length)) ?? [];
  return secretId === undefined ? undefined : { secretId, record: sha256(secretId), digest: sha256(text) };
}

/** SHA-256 in hexadecimal digits. Random bits need no slower hash. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
