export type { Callback, Job, Outcome, Work } from './job';
export { JobQueue } from './job-queue';
export { JobRecords } from './job-records';
export { Jobs } from './jobs';
export { SealedJobs } from './sealed-jobs';
export { Turns } from './turns';
