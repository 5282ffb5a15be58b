import { useState } from 'preact/hooks';
import { call } from '../api';
import type { Portal } from '../api-types';
import { useMay } from '../may';
import { useWork } from '../use-request';
import { dateTime, when } from '../words';
import { CopyButton, Field, ProblemBox } from './pieces';

const sources = { operator: 'set here', licence: 'by the portal’s licence', default: 'the usual plan' } as const;

export function PortalFacts({ portal }: { portal: Portal }) {
  const { memberId, domain, kind, app, scope, userId, installedAt, token, spareTokenPairs, formerDomains } = portal;
  return (
    <section class="card">
      <h2>About this portal</h2>
      <dl>
        <dt>Address</dt>
        <dd>
          <a href={`https://${domain}`} target="_blank" rel="noopener noreferrer">
            {domain}
          </a>
        </dd>
        {formerDomains && (
          <>
            <dt>Formerly</dt>
            <dd>{formerDomains.join(', ')}</dd>
          </>
        )}
        <dt>Member id</dt>
        <dd>
          <code>{memberId}</code> <CopyButton text={memberId} />
        </dd>
        <dt>Connected by</dt>
        <dd>
          {kind === 'app' ? `the app${app && app !== 'default' ? ` ${app}` : ''}` : 'an incoming webhook'},{' '}
          {when(installedAt)}
          {userId !== undefined && `, with the rights of user ${userId}`}
        </dd>
        <dt>May use</dt>
        <dd>{scope.join(', ') || 'nothing yet'}</dd>
        {token && (
          <>
            <dt>Token</dt>
            <dd title={dateTime(token.expiresAt)}>
              renewed {when(token.refreshedAt ?? installedAt)},{' '}
              {Date.parse(token.expiresAt) > Date.now() ? `valid for this hour` : 'expired; the next call renews it'}
            </dd>
            <dt>In reserve</dt>
            <dd>
              {spareTokenPairs === 0 ? 'no second permission' : `${spareTokenPairs} more, should this one be lost`}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

export function PortalLimits({ portal, changed }: { portal: Portal; changed: (portal: Portal) => void }) {
  const { limits, memberId } = portal;
  const [editing, setEditing] = useState(false);
  const [burst, setBurst] = useState('');
  const [drain, setDrain] = useState('');
  const may = useMay();
  const { busy, problem, run } = useWork();
  const save = (wanted: object | null) => {
    run(async () => {
      changed(await call<Portal>('PATCH', `/v1/portals/${memberId}`, { limits: wanted }));
      setEditing(false);
    });
  };
  const begin = () => {
    setBurst(`${limits.burst}`);
    setDrain(`${limits.drainPerSecond}`);
    setEditing(true);
  };
  return (
    <section class="card">
      <h2>Limit</h2>
      <p>
        <strong>{limits.burst}</strong> requests at once, then <strong>{limits.drainPerSecond}</strong> a second{' '}
        <span class="soft">({sources[limits.from]})</span>
      </p>
      {!editing && may('updatePortal') && (
        <p class="actions">
          <button type="button" onClick={begin}>
            Change the limit
          </button>
          {limits.from === 'operator' && (
            <button
              type="button"
              class="quiet"
              disabled={busy}
              onClick={() => {
                save(null);
              }}
            >
              Back to automatic
            </button>
          )}
        </p>
      )}
      {editing && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save({ burst: Number(burst), drainPerSecond: Number(drain) });
          }}
        >
          <div class="pair">
            <Field label="Requests at once" hint="More than twice the other.">
              {(ids) => (
                <input
                  {...ids}
                  type="number"
                  min={3}
                  max={100000}
                  required
                  value={burst}
                  onInput={(event) => {
                    setBurst(event.currentTarget.value);
                  }}
                />
              )}
            </Field>
            <Field label="A second after that">
              {(ids) => (
                <input
                  {...ids}
                  type="number"
                  min={1}
                  max={10000}
                  required
                  value={drain}
                  onInput={(event) => {
                    setDrain(event.currentTarget.value);
                  }}
                />
              )}
            </Field>
          </div>
          <p class="actions">
            <button type="submit" class="main" disabled={busy}>
              Save
            </button>
            <button
              type="button"
              class="quiet"
              onClick={() => {
                setEditing(false);
              }}
            >
              Cancel
            </button>
          </p>
        </form>
      )}
      {problem && <ProblemBox problem={problem} />}
    </section>
  );
}
