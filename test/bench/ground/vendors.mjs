import { SideProcess } from './side-process.mjs';

/** The portal simulator with these portals. */
export const simulator = (portals) => () => SideProcess.start('./simulator.mjs', { portals });

/** The vendor without rules, on so many hosts. */
export const fixedVendor = (origins) => () => SideProcess.start('./fixed-vendor.mjs', { origins });
