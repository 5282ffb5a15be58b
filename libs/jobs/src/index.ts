export type { JobCallback, Job, ItemOutcome, JobWork } from './job';
export { JobQueue } from './job-queue';
export { JobRecords } from './job-records';
export { Jobs } from './jobs';
export { SealedJobs } from './sealed-jobs';
export { JobSlots } from './job-slots';
