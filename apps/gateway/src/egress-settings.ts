import {
  type CaFile,
  type EgressOptions,
  egressTarget,
  parseProxyUrl,
  ProxyExceptions,
  readCaFile,
} from '@b24/upstream';
import { z } from 'zod';

/** How connections leave the network: the settings that `egressOptions` reads. */
export const egressShape = {
  https_proxy: proxy('https_proxy'),
  HTTPS_PROXY: proxy('HTTPS_PROXY'),
  http_proxy: proxy('http_proxy'),
  HTTP_PROXY: proxy('HTTP_PROXY'),
  no_proxy: exceptions('no_proxy'),
  NO_PROXY: exceptions('NO_PROXY'),
  B24_CA_FILE: caFile('B24_CA_FILE'),
  B24_PORTAL_CA_FILES: portalCaFiles('B24_PORTAL_CA_FILES'),
  // Where a CA file is set, Node.js ignores this one, so it is read here.
  NODE_EXTRA_CA_CERTS: caFile('NODE_EXTRA_CA_CERTS'),
};

/** Of a variable in both cases, the one in lower case counts, as with curl. */
export function egressOptions(it: z.output<z.ZodObject<typeof egressShape>>): EgressOptions {
  const httpsProxy = it.https_proxy ?? it.HTTPS_PROXY;
  const httpProxy = it.http_proxy ?? it.HTTP_PROXY;
  const proxyExceptions = it.no_proxy ?? it.NO_PROXY;
  return {
    ...(httpsProxy && { httpsProxy }),
    ...(httpProxy && { httpProxy }),
    ...(proxyExceptions && { proxyExceptions }),
    caFiles: [it.B24_CA_FILE, it.NODE_EXTRA_CA_CERTS].filter((file) => file !== undefined),
    ...(it.B24_PORTAL_CA_FILES && { caFileByHost: it.B24_PORTAL_CA_FILES }),
  };
}

function proxy(name: string) {
  const message = `${name} must be the http or https URL of a proxy, such as http://proxy.corp.example:3128, without a path; percent-encode special characters of its user and password.`;
  return z
    .string()
    .transform(parsedBy(parseProxyUrl, () => message))
    .optional();
}

function exceptions(name: string) {
  const message = `${name} must be names, .suffixes, addresses or CIDRs, separated by commas.`;
  return z
    .string()
    .transform(
      parsedBy(
        (text) => new ProxyExceptions(text),
        () => message,
      ),
    )
    .optional();
}

function caFile(name: string) {
  const message = (path: string, { message }: Error) => `${name}: the file ${path} ${message}.`;
  return z.string().transform(parsedBy(readCaFile, message)).optional();
}

function portalCaFiles(name: string) {
  const message = (_: string, { message }: Error) => `${name}: ${message}.`;
  return z.string().transform(parsedBy(readPortalCaFiles, message)).optional();
}

/** Makes an error of the parser an issue. */
function parsedBy<T>(parse: (text: string) => T, message: (text: string, error: Error) => string) {
  return (text: string, context: z.RefinementCtx): T => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: message(text, error as Error) });
      return z.NEVER;
    }
  };
}

/** Reads `host=path,host=path`; the key is `host:port`. @throws Error for the first invalid entry */
function readPortalCaFiles(text: string): ReadonlyMap<string, CaFile> {
  const entries = text.split(',').map((entry) => entry.trim());
  const files = new Map(entries.filter(Boolean).map(portalCaFile));
  if (files.size < entries.filter(Boolean).length) throw new Error('a host must have one file only');
  return files;
}

function portalCaFile(entry: string): [string, CaFile] {
  const at = entry.indexOf('=');
  const [host, path] = [entry.slice(0, Math.max(0, at)), entry.slice(at + 1)];
  const key = hostWithPort(host);
  if (key === undefined || path === '')
    throw new Error('entries must be host=path, where host is that of a portal, with its port unless that is 443');
  try {
    return [key, readCaFile(path)];
  } catch (error) {
    throw new Error(`the file ${path} of ${host} ${(error as Error).message}`, { cause: error });
  }
}

function hostWithPort(host: string): string | undefined {
  const text = `https://${host}`;
  if (host === '' || !URL.canParse(text) || /[/?#@*\\]/.test(host)) return undefined;
  const { hostname, port } = egressTarget(new URL(text));
  return `${hostname}:${port}`;
}
