import { readFileSync } from 'node:fs';
import { TestAuthority } from '../../../test/support/test-authority';
import { readCaFile } from './read-ca-file';

describe('a CA file', () => {
  let authority: TestAuthority;
  let ca: string;
  beforeAll(() => {
    authority = TestAuthority.create('Corp Root');
    ca = readFileSync(authority.caFile, 'utf8');
  });
  afterAll(() => {
    authority.remove();
  });

  it('may hold several certificates, with text between them', () => {
    const { path, certificates } = readCaFile(authority.written('two.pem', `# root\n${ca}\n# the same\r\n${ca}`));
    expect(path).toBe(authority.at('two.pem'));
    expect(certificates.map(({ subject }) => subject)).toEqual(['CN=Corp Root', 'CN=Corp Root']);
  });

  it('is refused with what is wrong with it', () => {
    const { cert } = authority.issue('DNS:localhost');
    const broken = ca.replace(/\n[^\n]+\n/, '\nAAAA\n');
    for (const [path, message] of [
      [authority.at('none.pem'), /^can't be read \(ENOENT\)$/],
      [authority.at(''), /^can't be read \(EISDIR\)$/],
      [authority.written('text.pem', 'hello'), /^holds no certificate in PEM format/],
      [authority.written('broken.pem', broken), /^holds a certificate \(number 1\) that can't be parsed$/],
      [authority.written('server.pem', `${ca}${cert}`), /^holds the certificate of a server \(number 2\)/],
      [authority.keyFile, /^holds a private key/],
    ] as const)
      expect(() => readCaFile(path)).toThrow(message);
  });
});
