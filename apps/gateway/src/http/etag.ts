/** Returns whether `If-None-Match` has an ETag, compared weakly (RFC 9110, 13.1.2). */
export function matchesEtag(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  const known = opaqueTag(etag);
  return ifNoneMatch.split(',').some((it) => {
    const given = it.trim();
    return given === '*' || opaqueTag(given) === known;
  });
}

function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
