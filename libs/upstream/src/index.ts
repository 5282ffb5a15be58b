export { axiosPost } from './axios-post';
export { onlyTo } from './only-to';
export { sharedSize } from './php-query';
export { isPublicAddress } from './public-address';
export { targetWire, type TargetWire } from './target-wire';
export { undiciAdapter } from './undici-adapter';
export { upstream } from './upstream';
