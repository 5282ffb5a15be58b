import type { Clock } from '@b24/portal';
import type { CaFile, EgressOptions } from '@b24/upstream';
import { type DoctorFinding, ok, problem, warning } from './finding';

const warnBeforeMs = 30 * 86_400_000;

/** Checks whether the certificates of the CA files are valid, and for how long. */
export function checkCaFiles({ caFiles = [], caFileByHost }: EgressOptions, clock: Clock): DoctorFinding[] {
  const all = [
    ...caFiles.map((file) => ({ file, scope: 'all servers' })),
    ...[...(caFileByHost ?? [])].map(([host, file]) => ({ file, scope: host })),
  ];
  return all.map(({ file, scope }) => checkCaFile(file, scope, clock.now()));
}

function checkCaFile({ path, certificates }: CaFile, scope: string, nowMs: number): DoctorFinding {
  const ends = certificates.map(({ validTo }) => Date.parse(validTo));
  const expired = ends.filter((endMs) => endMs <= nowMs).length;
  const date = new Date(Math.min(...ends)).toISOString().slice(0, 10);
  const renew = 'add the new certificate of the CA, and restart the gateway';
  if (expired === ends.length) return problem('ca_file', `${path}, for ${scope}, expired on ${date}: ${renew}.`);
  if (expired > 0)
    return warning(
      'ca_file',
      `${expired} of ${ends.length} certificates in ${path}, for ${scope}, have expired: ${renew}.`,
    );
  if (Math.min(...ends) - nowMs < warnBeforeMs)
    return warning('ca_file', `${path}, for ${scope}, expires on ${date}: ${renew}.`);
  return ok('ca_file', `${path}, for ${scope}, is valid until ${date}.`);
}
