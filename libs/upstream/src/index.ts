export { axiosPost } from './axios-post';
export { undiciAdapter } from './undici-adapter';
export { upstream } from './upstream';
