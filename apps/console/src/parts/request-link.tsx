import { Link } from '../router';

const callsOf = (request: string) => `/calls?requestId=${encodeURIComponent(request)}`;

/** A request id that leads to the calls of the request. */
export function RequestLink({ id }: { id: string }) {
  return (
    <Link to={callsOf(id)}>
      <code>{id}</code>
    </Link>
  );
}

/** A link to the calls of a request. */
export function CallsOf({ request }: { request: string }) {
  return (
    <>
      {' '}
      <Link to={callsOf(request)}>Its calls</Link>
    </>
  );
}
