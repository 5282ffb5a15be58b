import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file of certificates that are trusted to sign those of servers. */
export interface CaFile {
  readonly path: string;
  readonly certificates: readonly X509Certificate[];
}

const certificateStart = '-----BEGIN CERTIFICATE-----';
const certificateEnd = '-----END CERTIFICATE-----';

/**
 * Reads a PEM file of one or more CA certificates. A self-signed certificate of a server is accepted, too.
 * @throws Error whose message completes a sentence about the file
 */
export function readCaFile(path: string): CaFile {
  const text = readText(path);
  if (text.includes('PRIVATE KEY-----')) throw new Error('holds a private key; leave only certificates in it');
  const certificates = pemBlocks(text).map((pem, i) => certificateOf(pem, i + 1));
  if (certificates.length === 0) throw new Error('holds no certificate in PEM format (`-----BEGIN CERTIFICATE-----`)');
  return { path, certificates };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`can't be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

function pemBlocks(text: string): string[] {
  const [, ...blocks] = text.split(certificateStart);
  return blocks.map((block) => `${certificateStart}${block.split(certificateEnd)[0]}${certificateEnd}\n`);
}

function certificateOf(pem: string, number: number): X509Certificate {
  const certificate = parsedCertificate(pem, number);
  if (certificate.ca || certificate.checkIssued(certificate)) return certificate;
  throw new Error(
    `holds the certificate of a server (number ${number}), not of a CA; put the certificate of the CA that signed it into the file`,
  );
}

function parsedCertificate(pem: string, number: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error(`holds a certificate (number ${number}) that can't be parsed`, { cause: error });
  }
}
