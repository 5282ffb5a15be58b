export { type EncryptionKey, keyIdOf, Keyring } from './keyring';
export { type ResealCounts, Resealer } from './resealer';
export type { SealedStore, SealedText } from './sealed-store';
export type { Sealer, SealPurpose } from './sealer';
