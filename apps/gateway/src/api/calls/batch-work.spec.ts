import type { Client } from '@b24/access';
import { Fault, type PortalId } from '@b24/portal';
import { HandClock } from '../../../../../test/support/hand-clock';
import { batchWork, type BatchJobPayload } from './batch-work';
import type { Batches, BatchResult } from './batches';

const client = {} as Client;
const signal = new AbortController().signal;
const kept: BatchJobPayload = {
  portal: 'p' as PortalId,
  commands: Array.from({ length: 60 }, () => ({ method: 'crm.deal.add', params: {} })),
  ...{ halt: true, references: false, deadlineMs: 1000, requestId: 'r' },
};

describe('the work of a batch', () => {
  const batches = (run: () => Promise<BatchResult>) => ({ run }) as unknown as Batches;
  const refused: BatchResult = { outcomes: [{ ok: false, fault: new Fault('rejected_by_portal') }], stopped: true };

  it('reports that a failed part forbids sending the parts after it, and a later run sends nothing', async () => {
    const run = jest.fn(() => Promise.resolve(refused));
    const first = await batchWork(batches(run), new HandClock(), () => undefined, kept).perform(0, client, signal);
    expect(first).toMatchObject({ code: 'rejected_by_portal', forbidsMore: true });
    const later = batchWork(batches(run), new HandClock(), () => undefined, kept);
    later.forbidMore?.();
    expect(await later.perform(1, client, signal)).toMatchObject({ code: 'command_not_run', forbidsMore: true });
    expect(run).toHaveBeenCalledTimes(1);
  });
});
