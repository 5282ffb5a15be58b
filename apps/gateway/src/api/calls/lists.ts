import { vendorCatalog } from '../../line/vendor-catalog';
import type { NamedCall } from './any-calls';
import { goesById, idWalkOf, readById, readFirstById } from './list-by-id';
import { readByOffset } from './list-by-offset';
import { foldListParams, isPositional, refuseOwnPages, refuseOwnPaging } from './list-params';
import type { ListSend } from './list-rows';
import { readOnePage } from './read-one-page';
import { readOwnPages } from './read-own-pages';
import { readWhole } from './read-whole';
import type { ListRow } from './row-id';

/**
 * Yields the pages of a list, one request after another, as the reader asks for them: each record that the method lists
 * under the caller's parameters, once (docs/lists.md). @throws Fault if the list can't be read to its end; the pages before
 * are valid
 */
export async function* readPages(call: NamedCall, send: ListSend): AsyncGenerator<readonly ListRow[]> {
  const listing = vendorCatalog.listing(call.method);
  refuseOwnPaging(call);
  refuseOwnPages(listing);
  if (isPositional(call)) yield* readOnePage(call, send);
  else if (listing?.kind === 'whole') yield* readWhole(call, send);
  else if (listing?.kind === 'own') yield* readOwnPages(call, listing.position, send);
  else yield* readNamed(foldListParams(call), send);
}

async function* readNamed(list: NamedCall, send: ListSend): AsyncGenerator<readonly ListRow[]> {
  const walk = idWalkOf(list);
  const first = walk && (await readFirstById(walk, send));
  if (walk && first && goesById(first, walk)) yield* readById(walk, first, send);
  else yield* readByOffset(list, send);
}
