export { axiosPost } from './axios-post';
export { commandNames, ownBatch } from './batch-codec';
export { onlyTo } from './only-to';
export { arrivesWhole, sharedSize } from './php-query';
export { isPublicAddress } from './public-address';
export { targetWire, type TargetWire } from './target-wire';
export { undiciAdapter } from './undici-adapter';
export { loneSurrogateIn } from './unreadable-text';
export { upstream } from './upstream';
