/** The injection tokens of interfaces. Classes are injected without a token. */
export const settingsToken = Symbol('settings');
export const clockToken = Symbol('clock');
export const sessionAuthToken = Symbol('session auth');
