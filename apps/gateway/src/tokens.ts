/** Injection tokens of what has no class of its own to be asked for by. */
export const settingsToken = Symbol('settings');
export const clockToken = Symbol('clock');
export const redisToken = Symbol('redis');
export const bucketToken = Symbol('bucket');
export const grantStoreToken = Symbol('grant store');
export const installerToken = Symbol('installer');
export const jobsToken = Symbol('jobs');
export const jobRecordsToken = Symbol('job records');
export const platformToken = Symbol('platform');
export const sealToken = Symbol('seal');
export const targetWireToken = Symbol('target wire');
