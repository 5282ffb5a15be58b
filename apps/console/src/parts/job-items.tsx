import type { Job, JobItems as JobItemPage } from '../api-types';
import { Link, useQuery } from '../router';
import { usePages } from '../use-pages';
import { count } from '../words';
import { commandWords, groupFailures } from './failure-groups';
import { Chip, Empty, MoreButton, ProblemBox, Worded } from './pieces';
import { Switch } from './switch';

const none = { outcome: '' };

/** What came of each item of a job, all of them or those that failed. */
export function JobItems({ job }: { job: Job }) {
  const [{ outcome }, setQuery] = useQuery(none);
  const { done, failed } = job.progress;
  const query = outcome === 'failed' ? '?outcome=failed' : '';
  const { items, next, problem, more } = usePages<JobItemPage['items'][number]>(
    `/v1/jobs/${encodeURIComponent(job.id)}/items${query}`,
    done,
  );
  return (
    <section class="part">
      <div class="title">
        <h2>Results</h2>
        <Switch
          label="Which results"
          choices={[
            { value: '', label: `All ${done}` },
            { value: 'failed', label: `Failed ${failed}` },
          ]}
          chosen={outcome}
          choose={(value) => {
            setQuery(() => ({ outcome: value }));
          }}
        />
      </div>
      {problem && <ProblemBox problem={problem} />}
      {items?.length === 0 && (
        <Empty title={outcome === 'failed' ? 'Nothing failed' : 'No result yet'}>
          <p>{outcome === 'failed' ? 'Every outcome so far is good.' : 'Results appear as they arrive.'}</p>
        </Empty>
      )}
      {items && items.length > 0 && (
        <div class="card table">
          <table>
            <thead>
              <tr>
                <th scope="col">{job.kind === 'fan-out' ? 'Portal' : 'Commands'}</th>
                <th scope="col">Outcome</th>
                <th scope="col" class="only-wide">
                  Why
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((it) => (
                <Row key={it.item} item={it} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && <MoreButton label="Show more" more={more} />}
    </section>
  );
}

function Row({ item: it }: { item: JobItemPage['items'][number] }) {
  return (
    <tr>
      <th scope="row" class="long">
        <ItemName item={it} />
      </th>
      <td>
        {it.code === undefined ? <Chip tone="good">done</Chip> : <Chip tone="bad">{it.code}</Chip>}
        <div class="small only-narrow">
          <Why item={it} />
        </div>
      </td>
      <td class="only-wide">{it.code === undefined ? '–' : <Why item={it} />}</td>
    </tr>
  );
}

function Why({ item: { failures, detail = '' } }: { item: JobItemPage['items'][number] }) {
  if (!failures) return <Worded text={detail} />;
  return (
    <ul class="plain">
      {groupFailures(failures).map(({ commands, detail: why, code }) => (
        <li key={commands[0]}>
          {commandWords(commands)}: <Worded text={why} /> <code>{code}</code>
        </li>
      ))}
    </ul>
  );
}

function ItemName({ item: { portal, from, commands } }: { item: JobItemPage['items'][number] }) {
  if (portal) {
    const name = portal.alias ?? portal.domain ?? portal.name ?? portal.memberId ?? 'unknown';
    return portal.memberId ? <Link to={`/portals/${portal.memberId}`}>{name}</Link> : <>{name}</>;
  }
  return (
    <>
      {count(commands ?? 0, 'command')} from {from}
    </>
  );
}
