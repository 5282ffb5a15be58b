import { Catalog } from '@b24/catalog';

/** What is known of the vendor's methods (docs/catalog.md). It reads its file at the first question. */
export const vendorCatalog = new Catalog();
