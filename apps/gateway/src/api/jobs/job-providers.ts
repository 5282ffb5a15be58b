import { AuditLog, type Client, ClientKeys, RedisRateMeter, RedisStorageBudget } from '@b24/access';
import { Seal } from '@b24/grants';
import { JobQueue, JobRecords, Jobs, Turns } from '@b24/jobs';
import type { TargetWire } from '@b24/upstream';
import type { FactoryProvider } from '@nestjs/common';
import { batchWork, type BatchJobPayload, type RecordBatchAudit } from '../calls/batch-work';
import { Batches } from '../calls/batches';
import { FanOut } from '../calls/fan-out';
import { fanOutWork, type FanOutJobPayload } from '../calls/fan-out-work';
import type { Ground } from '../../ground';
import { Metrics } from '../../operations/metrics';
import { jobMessage } from './job-message';
import { JobIntake } from './job-intake';
import { made } from '../../made';
import { StoreCheck } from '../../store-check';
import { EventTargets } from '../subscriptions/event-targets';
import { jobRecordsToken, jobsToken, sealToken, targetWireToken } from '../../tokens';

/** Results are kept for a day, of a job together 32 MiB. */
const jobLimits = { keepMs: 24 * 3_600_000, mostBytes: 32 * 1024 * 1024 };

/** Long work: what keeps it, whose turn it is, who runs it, and who is told. */
export function jobProviders({
  settings,
  clock,
  redis,
  jobRedis,
  log,
}: Pick<Ground, 'settings' | 'clock' | 'redis' | 'jobRedis' | 'log'>): FactoryProvider[] {
  const { atOnce: jobsAtOnce, perClient: mostOpen } = settings.jobs;
  return [
    made(
      jobRecordsToken,
      [sealToken, RedisStorageBudget],
      (seal: Seal, storage: RedisStorageBudget) => new JobRecords(redis, seal, { ...jobLimits, mostOpen }, storage),
    ),
    made(JobQueue, [], () => new JobQueue({ redis, waiting: jobRedis, jobsAtOnce, clock })),
    made(
      jobsToken,
      [
        jobRecordsToken,
        JobQueue,
        FanOut,
        Batches,
        ClientKeys,
        StoreCheck,
        targetWireToken,
        Metrics,
        AuditLog,
        RedisRateMeter,
      ],
      (
        records: JobRecords,
        queue: JobQueue,
        fanOut: FanOut,
        batches: Batches,
        keys: ClientKeys,
        check: StoreCheck,
        wire: TargetWire,
        metrics: Metrics,
        audit: AuditLog,
        meter: RedisRateMeter,
      ) => {
        const note: RecordBatchAudit = (entry) => {
          audit.record({ ...entry, atMs: clock.now() });
        };
        metrics.watchJobs(queue);
        return new Jobs<Client>({
          ...{ records, queue, turns: new Turns(redis, clock), clock, log, itemsAtOnce: settings.fanOutConcurrency },
          kinds: {
            'fan-out': (payload) => fanOutWork(fanOut, payload as FanOutJobPayload),
            batch: (payload) => batchWork(batches, clock, note, payload as BatchJobPayload),
          },
          rights: (id) => keys.byId(id),
          debtMs: (client) => meter.debtMs(client),
          send: jobMessage(wire, clock),
          ready: () => check.passed,
          finished: (job) => {
            metrics.jobFinished(job.kind, job.state);
          },
        });
      },
    ),
    made(
      JobIntake,
      [jobsToken, EventTargets],
      (jobs: Jobs<Client>, targets: EventTargets) => new JobIntake(jobs, targets),
    ),
  ];
}
