/** A process with `--require` of this has a clock that is SKEW_MS ahead of the machine's. */
const skewMs = Number(process.env.SKEW_MS);
const { now } = Date;
Date.now = () => now() + skewMs;
