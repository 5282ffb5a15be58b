/** The injection tokens of interfaces; every other part is injected by its class. */
export const settingsToken = Symbol('settings');
export const clockToken = Symbol('clock');
