import fc from 'fast-check';
import { ApiDocument } from '../support/api-document';
import { KnownValues } from '../fuzz/known';
import { requestsOf, sketchOf } from '../fuzz/requests';
import { jsonOf } from '../fuzz/sketch';

describe('the generated hostile requests', () => {
  it('put what cannot be a text where a command of a batch has its method', () => {
    const document = ApiDocument.read();
    const known = new KnownValues(document.operations);
    const operations = document.operations.filter(({ operationId }) => operationId === 'runBatch');
    const batches = requestsOf({ operations, resolved: (schema) => document.resolved(schema) });
    const drafts = fc.sample(batches, { seed: 1, numRuns: 3000 });
    const methods = drafts.flatMap((draft) => {
      if (draft.twists.length === 0) return [];
      const { json, text, raw } = sketchOf(draft, known);
      if (json === undefined || text !== undefined || raw !== undefined) return [];
      try {
        const { commands } = JSON.parse(jsonOf(json)) as { commands?: { method?: unknown }[] };
        return Array.isArray(commands) ? commands.map((it) => it?.method) : [];
      } catch {
        return [];
      }
    });
    const broken = methods.filter((method) => {
      try {
        return `${method as string}` === undefined;
      } catch {
        return true;
      }
    });
    expect(methods.length).toBeGreaterThan(50);
    expect(broken.length).toBeGreaterThan(0);
  });
});
