import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ServerCredentials {
  readonly key: string;
  readonly cert: string;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A private certificate authority in a temporary folder, made by the openssl program. */
export class TestAuthority {
  private issued = 0;

  private constructor(private readonly folder: string) {}

  static create(name: string, days = 90): TestAuthority {
    const authority = new TestAuthority(mkdtempSync(join(tmpdir(), 'b24-ca-')));
    const files = ['-keyout', authority.at('ca.key'), '-out', authority.caFile];
    authority.openssl(['req', '-x509', ...newKey, ...files, '-subj', `/CN=${name}`, '-days', `${days}`]);
    return authority;
  }

  get caFile(): string {
    return this.at('ca.pem');
  }

  get keyFile(): string {
    return this.at('ca.key');
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file into the folder; returns its path. */
  written(name: string, text: string): string {
    writeFileSync(this.at(name), text);
    return this.at(name);
  }

  /** @param subject an alternative name, such as `DNS:localhost` */
  issue(subject: string): ServerCredentials {
    const [key, request, cert] = ['key', 'csr', 'pem'].map((type) => this.at(`server-${this.issued}.${type}`)) as [
      string,
      string,
      string,
    ];
    const extensions = this.written(
      `server-${this.issued++}.cnf`,
      `subjectAltName=${subject}\nbasicConstraints=CA:FALSE\n`,
    );
    this.openssl(['req', '-new', ...newKey, '-keyout', key, '-out', request, '-subj', '/CN=server']);
    const signer = ['-CA', this.caFile, '-CAkey', this.keyFile, '-CAcreateserial'];
    this.openssl(['x509', '-req', '-in', request, ...signer, '-extfile', extensions, '-out', cert, '-days', '2']);
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  }

  /** Makes a server's certificate that no authority signed; returns also its file. */
  selfSigned(subject: string): ServerCredentials & { readonly file: string } {
    const [key, file] = [this.at('self.key'), this.at('self.pem')];
    const extensions = ['-addext', `subjectAltName=${subject}`, '-addext', 'basicConstraints=CA:FALSE'];
    this.openssl(['req', '-x509', ...newKey, '-keyout', key, '-out', file, '-subj', '/CN=server', ...extensions]);
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(file, 'utf8'), file };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private openssl(words: string[]): void {
    execFileSync('openssl', words, { stdio: 'pipe' });
  }
}
