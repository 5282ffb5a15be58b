export { axiosPost } from './axios-post';
export type { ConnectTarget, MayConnect } from './checked-connect';
export { commandNames, ownBatch } from './batch-codec';
export { onlyTo } from './only-to';
export { arrivesWhole, sharedSize } from './php-query';
export { isPublicAddress } from './public-address';
export { targetWire, type TargetWire } from './target-wire';
export { undiciAdapter } from './undici-adapter';
export { upstream } from './upstream';
