import { useEffect, useReducer, useRef } from 'preact/hooks';
import type { ProblemGroup } from '../api-types';
import { afterEvent, newOf, nothingSeen, type ProblemRow } from '../problem-view';
import { dateTime, when } from '../words';
import { RequestLink } from './request-link';

/** The last problems of a portal, by kind. `groups` is undefined while they are not known. */
export function Problems({ groups }: { groups: readonly ProblemGroup[] | undefined }) {
  const [view, happened] = useReducer(afterEvent, nothingSeen);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    happened({ kind: 'reported', groups });
  }, [groups]);
  const pointer = (isInside: boolean) => () => {
    happened({ kind: 'pointer', isInside });
  };
  const { rows, reported } = view;
  const waiting = newOf(view).length;
  return (
    <section class="card">
      <h2>Recent problems</h2>
      <div
        onPointerEnter={pointer(true)}
        onPointerLeave={pointer(false)}
        onFocusIn={() => {
          happened({ kind: 'focus', isInside: true });
        }}
        onFocusOut={({ currentTarget, relatedTarget }) => {
          if (!currentTarget.contains(relatedTarget as Node | null)) happened({ kind: 'focus', isInside: false });
        }}
      >
        <ul class="problems" ref={list} tabIndex={-1}>
          {rows.map((row) => (
            <Row
              key={row.key}
              row={row}
              toggled={(isOpen) => {
                happened({ kind: 'toggled', key: row.key, isOpen });
              }}
            />
          ))}
        </ul>
        {/* Below the rows, where the new ones go: nothing above it moves. */}
        <p role="status" class="soft">
          {waiting > 0 && (
            <>
              {waiting} new{' '}
              <button
                type="button"
                class="link"
                onClick={() => {
                  happened({ kind: 'new-wanted' });
                  // The button goes away; who came by keyboard stays in the list.
                  list.current?.focus();
                }}
              >
                Show them
              </button>
            </>
          )}
          {!reported && (rows.length === 0 ? 'Not known yet.' : 'Not known just now; this was seen before.')}
          {reported?.length === 0 && rows.length === 0 && 'None since the gateway started.'}
        </p>
      </div>
    </section>
  );
}

function Row({ row: { group, body }, toggled }: { row: ProblemRow; toggled: (isOpen: boolean) => void }) {
  const { method, title, count, lastAtMs } = group;
  const { code, detail, caller, firstAtMs, requests } = body;
  return (
    <li>
      <details
        onToggle={(event) => {
          toggled(event.currentTarget.open);
        }}
      >
        <summary>
          <span class="soft small" title={dateTime(lastAtMs)}>
            {when(lastAtMs)}
          </span>{' '}
          <strong>{title}</strong> {count > 1 && <span class="times">{count.toLocaleString()} times</span>}{' '}
          <code class="small block">{method}</code>
        </summary>
        <p>{detail}</p>
        <p class="soft small">
          Code <code>{code}</code> · called by {caller}
          {count > 1 && <span title={dateTime(firstAtMs)}> · first {when(firstAtMs)}</span>}
        </p>
        {requests.length > 0 && (
          <ul class="requests soft small">
            {requests.map(({ id, atMs }) => (
              <li key={id} title={dateTime(atMs)}>
                request <RequestLink id={id} />
              </li>
            ))}
          </ul>
        )}
      </details>
    </li>
  );
}
