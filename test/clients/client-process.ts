import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ForeignClient } from './client-list';

const drivers = join(__dirname, 'drivers');

/**
 * Runs one case of cases.json by a real client, whose packages are in a folder of its name; returns what the client
 * returned or its error, as JSON text in the order of the client, without the URL that it was given.
 */
export async function runClient(
  client: ForeignClient,
  folder: string,
  url: string,
  caseName: string,
  certFile: string,
): Promise<string> {
  const [program, script, packages] =
    client.language === 'php'
      ? (['php', 'sdk-cases.php', join(folder, client.name)] as const)
      : (['python3', 'sdk_cases.py', join(folder, client.name, 'site')] as const);
  const { stdout } = await promisify(execFile)(program, [join(drivers, script), client.name, packages, url, caseName], {
    env: { ...process.env, REQUESTS_CA_BUNDLE: certFile, SSL_CERT_FILE: certFile },
    maxBuffer: 1 << 26,
  });
  return withoutUrl(stdout.trim(), url);
}

function withoutUrl(output: string, url: string): string {
  const { host, pathname } = new URL(url);
  return output.replaceAll(url, '{url}').replaceAll(host, '{host}').replaceAll(pathname, '{rest}');
}
