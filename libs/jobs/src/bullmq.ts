/** What the queue of jobs uses of BullMQ, in a module of its own, so that it is loaded when the workers start. */
export { Queue, WaitingError, Worker } from 'bullmq';
