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
import { mayRun, SignedInContext } from './may';
import { PortalPage } from './pages/portal';
import { PortalsPage } from './pages/portals';
import { SandboxPage } from './pages/sandbox';
import { SessionsPage } from './pages/sessions';
import { SignInPage } from './pages/sign-in';
import { SubscriptionPage } from './pages/subscription';
import { TryPage } from './pages/try';
import { Empty, Loading } from './parts/pieces';
import { loadDocument, Shell } from './parts/shell';
import { Link, usePath } from './router';

type Session = SignedIn | 'unknown' | 'none' | 'ended';

/** Pages that only change something, and the operation that they offer. */
const offeredBy: Readonly<Record<string, string>> = { connect: 'addPortalByWebhook', try: 'callMethod' };

export function Console() {
  const path = usePath();
  const [session, setSession] = useState<Session>('unknown');
  const [document, setDocument] = useState<OpenApi>();
  const [providerUrl, setProviderUrl] = useState<string>();
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
  if (!who) return <SignInPage ended={session === 'ended'} providerUrl={providerUrl} enter={setSession} />;
  const leave = () => {
    void call<{ providerUrl?: string }>('DELETE', '/console/session')
      .then((left) => {
        setProviderUrl(left.providerUrl);
      })
      .finally(() => {
        setSession('none');
      });
  };
  return (
    <SignedInContext.Provider value={who}>
      <Shell path={path} who={who} document={document} leave={leave}>
        <PageAt path={path} document={document} who={who} />
      </Shell>
    </SignedInContext.Provider>
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
  sessions: () => <SessionsPage />,
  sandbox: ({ who }) => (who.sandbox ? <SandboxPage /> : <NoPage />),
};

function PageAt(props: PageAtProps) {
  const [, room = '', name = ''] = props.path.split('/');
  const offered = offeredBy[room];
  if (offered && !mayRun(props.who, offered)) return <NotYours />;
  const Page = Object.hasOwn(pages, room) ? pages[room] : undefined;
  return Page ? Page({ ...props, name: decodeURIComponent(name) }) : <NoPage />;
}

function NotYours() {
  return (
    <Empty title="Your role can’t do this">
      <p>
        Ask an administrator of the console. <Link to="/">Go to the portals</Link>.
      </p>
    </Empty>
  );
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
