import { request } from 'node:http';
import type { VendorPost } from './vendor-posts';

/** Sends the vendor's POST to an app: plain HTTP, no redirects, no retries (docs/bitrix24-rules.md#events). */
export function post(url: string, { contentType, body }: VendorPost): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
    const sending = request(url, { method: 'POST', headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
