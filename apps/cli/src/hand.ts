import type { GatewayApi } from './gateway-api';
import type { Paper } from './paper';

/** What a command works with: whom to ask, and where to write. */
export interface Hand {
  readonly api: GatewayApi;
  readonly paper: Paper;
}
