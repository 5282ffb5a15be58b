import type {
  OauthFaultKind,
  PortalFaultKind,
  SimulatedPortal,
  Bitrix24Simulator,
  InjectedFault,
  InjectionTarget,
} from '../../apps/portal-simulator/src';
import type { Chance } from './chance';

/**
 * The share of requests, batch commands and token requests that fail; each command of a batch is decided separately.
 */
const struck = { request: 0.07, command: 0.015, token: 0.18 };

/** Faults that pass by themselves, with their weights. */
const passingAtPortal = {
  ...{ html: 6, empty: 4, truncated: 4, 'json-array': 2, 'json-null': 2, 'json-text': 2, custom: 3, huge: 0.2 },
  ...{ 'cut-before': 6, 'cut-after': 6, slow: 10, hang: 1, stall: 1, redirect: 2 },
  ...{ 'result-missing': 2, 'result-null': 2, unrun: 4, 'silent-delete': 6, 'silent-false': 4 },
  ...{ QUERY_LIMIT_EXCEEDED: 1, CONNECTION_ERROR: 3, expired_token: 3, invalid_token: 2 },
  ...{ NO_AUTH_FOUND: 1, INVALID_CREDENTIALS: 1, WRONG_AUTH_TYPE: 1, INVALID_REQUEST: 1 },
  ...{ INTERNAL_SERVER_ERROR: 4, ERROR_UNEXPECTED_ANSWER: 4 },
  ...{ insufficient_scope: 2, METHOD_CONFIRM_WAITING: 1, METHOD_CONFIRM_DENIED: 1, ERROR_METHOD_NOT_FOUND: 1 },
  ...{ ERROR_ARGUMENT: 1, ERROR_CORE: 2, ERROR_BATCH_METHOD_NOT_ALLOWED: 1, ERROR_BATCH_LENGTH_EXCEEDED: 1 },
  ...{ ERROR_MANIFEST_IS_NOT_AVAILABLE: 1 },
  ...{ 'error-0': 1, 'error-"0"': 1, 'error-empty': 1, 'error-100': 1, 'error-"100"': 1 },
} as const satisfies Partial<Record<PortalFaultKind, number>>;

const passingAtServer = {
  ...{ html: 6, empty: 4, truncated: 4, 'json-array': 2, 'json-null': 2, 'json-text': 2, custom: 3, huge: 0.2 },
  ...{ 'cut-before': 6, 'cut-after': 3, 'answer-lost': 6, slow: 20, hang: 0.5, stall: 0.5, redirect: 2 },
  ...{ 'result-missing': 2, 'result-null': 2, INTERNAL_SERVER_ERROR: 6 },
  ...{ 'other-member': 2, 'foreign-endpoint': 3, 'no-refresh-token': 2, 'other-client': 1 },
} as const satisfies Partial<Record<OauthFaultKind, number>>;

/** Errors that are permanent or last long. Only portals with `sentenced` receive them. */
const verdictsOfPortal = [
  ...(['OVERLOAD_LIMIT', 'OPERATION_TIME_LIMIT', 'ACCESS_DENIED', 'PAYMENT_REQUIRED', 'verification_needed'] as const),
  ...(['authorization_error', 'user_access_error', 'APPLICATION_NOT_FOUND', 'ERROR_OAUTH', 'NOT_INSTALLED'] as const),
  'PORTAL_DELETED',
] as const;
const verdictsOfServer = [
  ...([
    'wrong_client',
    'invalid_client',
    'invalid_grant',
    'invalid_request',
    'NO_AUTH_FOUND',
    'NOT_INSTALLED',
  ] as const),
  ...(['PAYMENT_REQUIRED', 'insufficient_scope', 'invalid_scope'] as const),
] as const;

/** Wire faults that may also occur after the call was executed. */
const early = ['html', 'empty', 'json-array', 'json-null', 'json-text', 'custom', 'slow', 'hang'] as const;
const mayBeLate = new Set<string>([...early, 'result-missing', 'result-null']);
const brokenLate = new Set<string>([...mayBeLate, 'INTERNAL_SERVER_ERROR', 'ERROR_UNEXPECTED_ANSWER']);

/** Makes the portals and the authorization server fail at random, in every way that the simulator knows. */
export class RandomFaults {
  private sentencing: NodeJS.Timeout | undefined;

  constructor(
    private readonly simulator: Bitrix24Simulator,
    private readonly chance: Chance,
    private readonly longestMs: number,
  ) {}

  begin(sentenced: readonly SimulatedPortal[]): void {
    for (const [index, portal] of this.simulator.portals.entries()) {
      const chance = this.chance.of(`portal ${index}`);
      portal.faults.whenever((subject) => this.atPortal(chance, subject));
    }
    const chance = this.chance.of('authorization server');
    this.simulator.oauth.faults.whenever(() => this.atServer(chance));
    const verdicts = this.chance.of('verdicts');
    this.sentencing = setInterval(() => this.sentence(verdicts, verdicts.pick(sentenced)), 5000);
  }

  end(): void {
    clearInterval(this.sentencing);
    for (const { faults: fault } of [...this.simulator.portals, this.simulator.oauth]) fault.clear();
  }

  private atPortal(chance: Chance, { place }: InjectionTarget): InjectedFault<PortalFaultKind> | undefined {
    if (!chance.happens(place === 'item' ? struck.command : struck.request)) return undefined;
    const kind = chance.weighed(passingAtPortal);
    const ranOnly = kind === 'unrun' ? { ranOnly: chance.between(0, 5) } : {};
    return { kind, ...this.manner(chance, kind, brokenLate), ...ranOnly };
  }

  private atServer(chance: Chance): InjectedFault<OauthFaultKind> | undefined {
    if (!chance.happens(struck.token)) return undefined;
    const kind = chance.weighed(passingAtServer);
    return { kind, ...this.manner(chance, kind, mayBeLate) };
  }

  private manner(chance: Chance, kind: string, late: ReadonlySet<string>): { delayMs?: number; afterExecution?: true } {
    return {
      ...(kind === 'slow' && { delayMs: chance.between(50, this.longestMs) }),
      ...(late.has(kind) && chance.happens(0.4) && { afterExecution: true as const }),
    };
  }

  private sentence(chance: Chance, { faults: fault, memberId }: SimulatedPortal): void {
    // Three times, so that the gateway's own probe meets it too.
    if (chance.happens(0.5)) fault.next(chance.pick(verdictsOfPortal), { times: 3 });
    else this.simulator.oauth.faults.next(chance.pick(verdictsOfServer), { memberId });
  }
}
