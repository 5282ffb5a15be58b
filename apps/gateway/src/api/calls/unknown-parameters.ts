import { type GivenParams, isList } from '../../line/any-method';
import { vendorCatalog } from '../../line/vendor-catalog';

/** Parameters that one answer names at most. */
const maxNamed = 20;

/** Returns the parameters that a method's documentation does not have; none for a method that is not documented. */
export function unknownParameters(method: string, params: GivenParams): { path: string; message: string }[] {
  // Those of a list go by position.
  const names = isList(params) ? [] : vendorCatalog.unknownParameters(method, params).slice(0, maxNamed);
  return names.map((name) => ({ path: `params.${name}`, message: `${method} is not documented to have it.` }));
}
