import { Session } from 'node:inspector/promises';

const samplingInterval = 8 * 1024;

/** Runs work and returns how many bytes it allocated, estimated by sampling; what was collected meanwhile counts. */
export async function allocatedBytes(work) {
  const session = new Session();
  session.connect();
  const collected = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
  await session.post('HeapProfiler.startSampling', { samplingInterval, ...collected });
  try {
    await work();
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return bytesOf(profile.head);
  } finally {
    session.disconnect();
  }
}

function bytesOf({ selfSize, children }) {
  return children.reduce((sum, child) => sum + bytesOf(child), selfSize);
}
