import { createHmac, randomBytes } from 'node:crypto';
import { parsePhpQuery } from './php-query';
import { VendorRefusal } from './vendor-refusal';

/** Whom a link was given to: the access token or the webhook's secret is its key. */
interface LinkOwner {
  readonly kind: 'app' | 'webhook';
  readonly userId: number;
  readonly key: string;
}

type LinkAction = 'download' | 'upload';

/**
 * Links to files (https://apidocs.bitrix24.com/api-reference/disk/folder/disk-folder-upload-file.html). `token=` is
 * `disk|<what>|<signed>.<signature>`: `what` is a query in base64, `signed` the base64 of
 * `"action|disk|<what>|<token of the caller>"` with its quotes. A link is good for the caller that got it, and one for an
 * upload is good once.
 */
export class FileLinks {
  private readonly secret = randomBytes(16);
  private readonly used = new Set<string>();

  constructor(private readonly host: () => string) {}

  create(caller: LinkOwner, action: LinkAction, what: string): string {
    const nonce = randomBytes(16).toString('base64url');
    const token = encodeURIComponent(this.token(caller, action, base64(`${what}&_=${nonce}`)));
    const root = `http://${this.host()}/rest/`;
    return caller.kind === 'webhook'
      ? `${root}${caller.userId}/${caller.key}/${action}/?token=${token}`
      : `${root}${action}.json?auth=${caller.key}&token=${token}`;
  }

  /** What the link leads to, by name; refuses a token that this caller did not get, or has used. */
  open(caller: LinkOwner, action: LinkAction, token: unknown): Record<string, unknown> {
    const given = typeof token === 'string' ? token : '';
    const what = given.split('|')[1] ?? '';
    const isGood = given === this.token(caller, action, what) && !this.used.has(given);
    if (!isGood) throw new VendorRefusal('ACCESS_DENIED', 'Link check failed', 403);
    if (action === 'upload') this.used.add(given);
    return parsePhpQuery(Buffer.from(what, 'base64').toString());
  }

  private token({ key }: LinkOwner, action: LinkAction, what: string): string {
    const signed = base64(`"${[action, 'disk', what, key].join('|')}"`);
    const signature = createHmac('sha256', this.secret).update(signed).digest('base64');
    return `disk|${what}|${signed}.${signature}`;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
