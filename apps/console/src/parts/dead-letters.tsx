import { useState } from 'preact/hooks';
import { call } from '../api';
import type { DeadLetters } from '../api-types';
import { usePages } from '../use-pages';
import { useWork } from '../use-request';
import { count } from '../words';
import { Moment } from './moment';
import { Field, MoreButton, ProblemBox, WorkDialog } from './pieces';

interface DeadLetterListProps {
  /** The API path of the subscription. */
  readonly path: string;
  readonly dead: number;
  readonly changed: () => void;
}

/** What was given up, with replay of one, of all, or of those since a time. */
export function DeadLetterList({ path, dead, changed }: DeadLetterListProps) {
  const { items, next, problem, more, reload } = usePages<DeadLetters['items'][number]>(`${path}/dead-letters`, dead);
  const [choosing, setChoosing] = useState(false);
  const replayed = () => {
    setChoosing(false);
    reload();
    changed();
  };
  return (
    <section class="part">
      <div class="title">
        <h2>Dead letters</h2>
        {dead > 0 && (
          <button
            type="button"
            onClick={() => {
              setChoosing(true);
            }}
          >
            Replay …
          </button>
        )}
      </div>
      {problem && <ProblemBox problem={problem} />}
      {items?.length === 0 && <p class="soft">None. An event becomes one after twelve attempts in about 18 hours.</p>}
      {items && items.length > 0 && (
        <div class="card table">
          <table>
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col" class="only-wide">
                  Given up
                </th>
                <th scope="col" class="number only-wide">
                  Attempts
                </th>
                <th scope="col">Why</th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((it) => (
                <Row key={it.id} letter={it} path={path} replayed={replayed} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && <MoreButton label="Show older dead letters" more={more} />}
      {choosing && (
        <ReplayDialog
          path={path}
          dead={dead}
          close={() => {
            setChoosing(false);
          }}
          done={replayed}
        />
      )}
    </section>
  );
}

function Row({ letter, path, replayed }: { letter: DeadLetters['items'][number]; path: string; replayed: () => void }) {
  const { id, message, attempts, diedAt, detail } = letter;
  const { busy, problem, run } = useWork();
  const replay = () => {
    run(async () => {
      await call('POST', `${path}/dead-letters/${encodeURIComponent(id)}/replay`);
      replayed();
    });
  };
  return (
    <tr>
      <td>
        {message.event}
        <span class="soft small block">{message.portal.domain}</span>
        <details class="small">
          <summary>Message</summary>
          <pre>{JSON.stringify(message, null, 2)}</pre>
        </details>
      </td>
      <td class="only-wide">
        <Moment at={diedAt} />
      </td>
      <td class="number only-wide">{attempts}</td>
      <td>
        {detail}
        <span class="soft small only-narrow">
          given up <Moment at={diedAt} />
        </span>
        {problem && <span class="bad-text block">{problem.title}</span>}
      </td>
      <td class="number">
        <button type="button" disabled={busy} onClick={replay}>
          Replay<span class="hidden"> {message.event} </span>
        </button>
      </td>
    </tr>
  );
}

interface ReplayDialogProps {
  readonly path: string;
  readonly dead: number;
  readonly close: () => void;
  readonly done: () => void;
}

function ReplayDialog({ path, dead, close, done }: ReplayDialogProps) {
  const [since, setSince] = useState('');
  const replay = async () => {
    const body = since === '' ? {} : { since: new Date(since).toISOString() };
    await call('POST', `${path}/dead-letters/replay`, body);
    done();
  };
  return (
    <WorkDialog title="Replay dead letters" act="Replay" close={close} work={replay}>
      <p>
        The subscription has {count(dead, 'dead letter')}. They are sent once more, from the first attempt on. The
        service may get an event that it has: it recognizes it by its <code>webhook-id</code>.
      </p>
      <Field label="Given up since" hint="All of them when left empty.">
        {(ids) => (
          <input
            {...ids}
            type="datetime-local"
            value={since}
            onInput={(event) => {
              setSince(event.currentTarget.value);
            }}
          />
        )}
      </Field>
    </WorkDialog>
  );
}
