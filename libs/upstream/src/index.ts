export { axiosPost } from './axios-post';
export { sharedSize } from './php-query';
export { undiciAdapter } from './undici-adapter';
export { upstream } from './upstream';
