import type { Deliveries as DeliveryPage } from '../api-types';
import { usePages } from '../use-pages';
import { count } from '../words';
import { Moment } from './moment';
import { MoreButton, ProblemBox } from './pieces';

/** The events that wait for a subscription, the next attempt first. */
export function Deliveries({ path, waiting }: { path: string; waiting: number }) {
  const { items, next, problem, more } = usePages<DeliveryPage['items'][number]>(`${path}/deliveries`, waiting);
  return (
    <section class="part">
      <h2>Waiting</h2>
      {problem && <ProblemBox problem={problem} />}
      {items?.length === 0 && <p class="soft">Nothing waits.</p>}
      {items && items.length > 0 && (
        <div class="card table">
          <table>
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col" class="only-wide">
                  Received
                </th>
                <th scope="col" class="number only-wide">
                  Attempts
                </th>
                <th scope="col">Last response</th>
                <th scope="col" class="only-wide">
                  Next attempt
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((it) => (
                <tr key={it.id}>
                  <td>
                    {it.event}
                    <span class="soft small block">{it.portal.domain}</span>
                    <span class="soft small block only-wide">
                      <code>{it.messageId}</code>
                    </span>
                  </td>
                  <td class="only-wide">
                    <Moment at={it.receivedAt} />
                  </td>
                  <td class="number only-wide">{it.attempts}</td>
                  <td>
                    {it.detail}
                    {it.lastAttemptAt && (
                      <span class="soft small block">
                        <Moment at={it.lastAttemptAt} />
                      </span>
                    )}
                    <span class="soft small only-narrow">
                      {count(it.attempts, 'attempt')}, the next <Moment at={it.nextAttemptAt} />
                    </span>
                  </td>
                  <td class="only-wide">
                    <Moment at={it.nextAttemptAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && <MoreButton label="Show more that wait" more={more} />}
    </section>
  );
}
