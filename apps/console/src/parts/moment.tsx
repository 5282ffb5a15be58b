import { dateTime, when } from '../words';

/** A time in words; the exact one is shown on hover. */
export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={dateTime(at)}>
      {when(at)}
    </time>
  );
}
