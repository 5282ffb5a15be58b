import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, signedOut } from './api';
import type { OpenApi, SignedIn } from './api-types';
import { AppsPage } from './pages/apps';
import { AuditPage } from './pages/audit';
import { CallsPage } from './pages/calls';
import { ConnectPage } from './pages/connect';
import { EventsPage } from './pages/events';
import { HealthPage } from './pages/health';
import { JobPage } from './pages/job';
import { JobsPage } from './pages/jobs';
import { KeysPage } from './pages/keys';
import { PortalPage } from './pages/portal';
import { PortalsPage } from './pages/portals';
import { SandboxPage } from './pages/sandbox';
import { SignInPage } from './pages/sign-in';
import { SubscriptionPage } from './pages/subscription';
import { TryPage } from './pages/try';
import { Empty, Loading } from './parts/pieces';
import { loadDocument, Shell } from './parts/shell';
import { Link, usePath } from './router';

type Session = SignedIn | 'unknown' | 'none' | 'ended';

export function Console() {
  const path = usePath();
  const [session, setSession] = useState<Session>('unknown');
  const [document, setDocument] = useState<OpenApi>();
  useEffect(() => {
    call<SignedIn>('GET', '/console/session').then(setSession, () => {
      setSession('none');
    });
    const end = () => {
      setSession((it) => (typeof it === 'object' ? 'ended' : it));
    };
    signedOut.addEventListener('signed-out', end);
    return () => {
      signedOut.removeEventListener('signed-out', end);
    };
  }, []);
  const who = typeof session === 'object' ? session : undefined;
  useEffect(() => {
    if (who) loadDocument().then(setDocument, () => undefined);
  }, [who]);
  if (session === 'unknown') return <Loading what="Opening the console …" />;
  if (!who) return <SignInPage ended={session === 'ended'} enter={setSession} />;
  const leave = () => {
    void call('DELETE', '/console/session').finally(() => {
      setSession('none');
    });
  };
  return (
    <Shell path={path} who={who} document={document} leave={leave}>
      <PageAt path={path} document={document} who={who} />
    </Shell>
  );
}

interface PageAtProps {
  readonly path: string;
  readonly document: OpenApi | undefined;
  readonly who: SignedIn;
}

/** A page by the first part of its path, and by what is below it. */
type PageOf = (props: PageAtProps & { readonly name: string }) => JSX.Element;

const pages: Readonly<Record<string, PageOf>> = {
  '': () => <PortalsPage />,
  portals: ({ name }) => <PortalPage key={name} name={name} />,
  connect: () => <ConnectPage />,
  try: ({ document, name }) => <TryPage document={document} portal={name} />,
  keys: () => <KeysPage />,
  apps: () => <AppsPage />,
  calls: () => <CallsPage />,
  jobs: ({ name }) => (name === '' ? <JobsPage /> : <JobPage key={name} id={name} />),
  events: ({ name }) => (name === '' ? <EventsPage /> : <SubscriptionPage key={name} id={name} />),
  audit: ({ document }) => <AuditPage document={document} />,
  health: () => <HealthPage />,
  sandbox: ({ who }) => (who.sandbox ? <SandboxPage /> : <NoPage />),
};

function PageAt(props: PageAtProps) {
  const [, room = '', name = ''] = props.path.split('/');
  const Page = Object.hasOwn(pages, room) ? pages[room] : undefined;
  return Page ? Page({ ...props, name: decodeURIComponent(name) }) : <NoPage />;
}

function NoPage() {
  return (
    <Empty title="There is no such page">
      <p>
        The address may be mistyped. <Link to="/">Go to the portals</Link>.
      </p>
    </Empty>
  );
}
