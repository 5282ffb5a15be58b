import { ask, Refused, problemIn } from '../api';
import { useWork } from '../use-request';
import { ProblemBox } from './pieces';

/** Saves the entries that match as a CSV file. A plain link would lack the header that names the console. */
export function ExportButton({ query }: { query: string }) {
  const { busy, problem, run } = useWork();
  const save = async () => {
    const response = await ask('GET', `/v1/audit?${query}`, { headers: { Accept: 'text/csv' } });
    if (!response.ok) throw new Refused(problemIn(response.status, await response.text()));
    const url = URL.createObjectURL(await response.blob());
    const link = document.createElement('a');
    link.href = url;
    link.download = `audit-${new Date().toISOString().slice(0, 10)}.csv`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <>
      <button
        type="button"
        disabled={busy}
        onClick={() => {
          run(save);
        }}
      >
        Export CSV
      </button>
      {problem && <ProblemBox problem={problem} />}
    </>
  );
}
