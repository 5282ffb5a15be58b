import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api';
import type { OpenApi, SignedIn } from '../api-types';
import { mayRun } from '../may';
import { Link } from '../router';
import { setTheme, theme, themes, type Theme } from '../theme';

interface NavigationEntry {
  readonly to: string;
  readonly label: string;
  /** The route it needs. */
  readonly needs?: RegExp;
  /** Only in the demo. */
  readonly onlyDemo?: true;
  /** The operation that the page offers. */
  readonly offers?: string;
}

const entries: readonly NavigationEntry[] = [
  { to: '/', label: 'Portals' },
  { to: '/sandbox', label: 'Sandbox', onlyDemo: true },
  { to: '/connect', label: 'Connect a portal', offers: 'addPortalByWebhook' },
  { to: '/try', label: 'Try it', offers: 'callMethod' },
  { to: '/keys', label: 'Client keys' },
  { to: '/apps', label: 'Apps', needs: /^\/v1\/apps\b/ },
  { to: '/calls', label: 'Calls', needs: /^\/v1\/calls\b/ },
  { to: '/jobs', label: 'Jobs', needs: /^\/v1\/jobs\b/ },
  { to: '/events', label: 'Events' },
  { to: '/audit', label: 'Audit log' },
  { to: '/sessions', label: 'Sessions' },
  { to: '/health', label: 'Health' },
];

function has(document: OpenApi | undefined, needs: RegExp): boolean {
  return Object.keys(document?.paths ?? {}).some((path) => needs.test(path));
}

const roleWords: Readonly<Record<NonNullable<SignedIn['role']>, string>> = {
  viewer: 'Viewer: reads, changes nothing',
  operator: 'Operator: suspends, replays, sets limits',
  admin: 'Administrator',
};

interface ShellProps {
  readonly path: string;
  readonly who: SignedIn;
  readonly document: OpenApi | undefined;
  readonly leave: () => void;
  readonly children: ComponentChildren;
}

/** The frame of every page: where one is, where one can go, who one is. */
export function Shell({ path, who, document: api, leave, children }: ShellProps) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    setOpen(false);
  }, [path]);
  useHeading(path);
  const isCurrent = (to: string) => (to === '/' ? path === '/' || path.startsWith('/portals/') : path.startsWith(to));
  const here = entries.filter(({ onlyDemo }) => !onlyDemo || who.sandbox);
  const missing = here.filter(({ needs }) => needs && api && !has(api, needs));
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="side">
        <div class="brand">
          <Mark />
          <span>b24-gateway</span>
          <button
            type="button"
            class="only-compact quiet"
            aria-expanded={open}
            aria-controls="menu"
            onClick={() => {
              setOpen(!open);
            }}
          >
            Menu
          </button>
        </div>
        <div id="menu" class={open ? 'open' : ''}>
          <nav aria-label="Console">
            {here
              .filter((it) => !missing.includes(it) && (!it.offers || mayRun(who, it.offers)))
              .map(({ to, label }) => (
                <Link key={to} to={to} {...(isCurrent(to) && { 'aria-current': 'page' })}>
                  {label}
                </Link>
              ))}
          </nav>
          {missing.length > 0 && (
            <p class="soft small note">{missing.map(({ label }) => label).join(' and ')}: not part of this version.</p>
          )}
          <div class="foot">
            <ThemeSwitch />
            <a href="/docs" target="_blank" rel="noopener noreferrer">
              API reference
            </a>
            <div class="who">
              <span class="soft small">Signed in as</span>
              <strong>{who.name}</strong>
              {who.role && <span class="soft small">{roleWords[who.role]}</span>}
              <button type="button" class="quiet" onClick={leave}>
                Sign out
              </button>
            </div>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** Names the tab after the heading of the page, and moves the focus there when another page opens. */
function useHeading(path: string): void {
  const opened = useRef(path);
  useEffect(() => {
    const main = document.querySelector('main');
    if (!main) return undefined;
    let isAnnounced = opened.current === path;
    opened.current = path;
    const announce = () => {
      const heading = main.querySelector('h1');
      document.title = `${heading?.textContent ?? 'Console'} – b24-gateway`;
      if (!heading || isAnnounced) return;
      isAnnounced = true;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      scrollTo(0, 0);
    };
    announce();
    // Some pages show their heading when their data has come.
    const observer = new MutationObserver(announce);
    observer.observe(main, { childList: true, subtree: true, characterData: true });
    return () => {
      observer.disconnect();
    };
  }, [path]);
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 10h6M8 16h16M8 22h6M14 10c4 0 3 6 7 6M14 22c4 0 3-6 7-6" />
    </svg>
  );
}

const themeLabels: Record<Theme, string> = { auto: 'System', light: 'Light', dark: 'Dark' };

export function ThemeSwitch() {
  const [chosen, setChosen] = useState(theme);
  return (
    <fieldset class="themes">
      <legend class="hidden">Colours</legend>
      {themes.map((it) => (
        <label key={it}>
          <input
            type="radio"
            name="theme"
            checked={chosen === it}
            onChange={() => {
              setTheme(it);
              setChosen(it);
            }}
          />
          <span>{themeLabels[it]}</span>
        </label>
      ))}
    </fieldset>
  );
}

export const loadDocument = (): Promise<OpenApi> => call<OpenApi>('GET', '/openapi.json');
