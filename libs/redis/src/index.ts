export { Channel, type ChannelOptions } from './channel';
export { connectStore, type StoreConnection, type StoreObserver } from './connect-store';
export { askDurability, type DurabilityCode, type DurabilityWarning, judgeDurability } from './durability';
export { type KeyCount, loadScripts, type RedisScript } from './load-scripts';
export { orStoreUnavailable } from './or-store-unavailable';
export { redisPlace, type RedisPlace } from './redis-url';
export { countsForMs, keyConflict, type KeysOfReplica, RollCall } from './roll-call';
export { type Migration, Schema } from './schema';
export { StoreRefused } from './store-refused';
