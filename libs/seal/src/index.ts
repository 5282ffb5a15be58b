export { type EncryptionKey, Keyring } from './keyring';
export { Resealer } from './resealer';
export type { SealedStore, SealedText } from './sealed-store';
export type { Sealer } from './sealer';
