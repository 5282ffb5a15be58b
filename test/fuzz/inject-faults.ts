import fc from 'fast-check';
import type {
  Bitrix24Simulator,
  OauthFaultKind,
  PortalFaultKind,
  SimulatedPortal,
  InjectedFault,
} from '../../apps/portal-simulator/src';
import { oauthErrors, oddErrors, wireFaults } from '../../apps/portal-simulator/src/fault-kinds';
import { vendorErrors } from '../../apps/portal-simulator/src/vendor-errors';

const names = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];
/** Faults that occur now and then at a working portal and leave it unchanged. */
const passing: readonly PortalFaultKind[] = [
  'html',
  'empty',
  'truncated',
  'cut-before',
  'cut-after',
  'slow',
  'result-missing',
  'result-null',
  'json-array',
  'json-null',
  'json-text',
  'silent-delete',
  'silent-false',
  'OPERATION_TIME_LIMIT',
  'CONNECTION_ERROR',
  'INTERNAL_SERVER_ERROR',
  'expired_token',
  ...names(oddErrors),
];
/** All faults except those that last minutes or block a portal for that long. */
const wire = wireFaults.filter((it) => !['hang', 'stall', 'huge', 'custom'].includes(it));
const all: readonly PortalFaultKind[] = [
  ...passing,
  ...wire,
  ...names(vendorErrors).filter((it) => it !== 'OVERLOAD_LIMIT'),
];
const ofOauth: readonly OauthFaultKind[] = [
  ...names(oauthErrors),
  ...wire,
  'answer-lost',
  'other-member',
  'foreign-endpoint',
  'other-client',
  'no-refresh-token',
];

/** Injects every fault at one portal, a few at the others, and some at the authorization server. */
export function injectFaults(simulator: Bitrix24Simulator, seed: number): void {
  const strikes = <K extends string>(kinds: readonly K[], nth: number) => {
    const none = { weight: nth - 1, arbitrary: fc.constant(undefined) };
    const struck = fc.oneof(none, { weight: 1, arbitrary: fc.constantFrom(...kinds) });
    const drawn = fc.sample(struck, { seed, numRuns: 997 });
    let at = 0;
    return (): InjectedFault<K> | undefined => {
      const kind = drawn[at++ % drawn.length];
      return kind && { kind, ...(kind === 'slow' && { delayMs: at % 5 === 0 ? 2500 : 40 }) };
    };
  };
  const [worst, ...others] = simulator.portals as [SimulatedPortal, ...SimulatedPortal[]];
  worst.faults.whenever(strikes(all, 4));
  for (const portal of others) portal.faults.whenever(strikes(passing, 20));
  simulator.oauth.faults.whenever(strikes(ofOauth, 20));
}
