import { SideProcess } from './side-process.mjs';

/** The portal simulator with these portals. */
export const simulator = (portals) => () => SideProcess.start('./simulator.mjs', { portals });

/** The vendor that costs little, with as many hosts; `bucket` is what it counts requests against. */
export const fixedVendor = (origins, bucket) => () => SideProcess.start('./fixed-vendor.mjs', { origins, bucket });
