export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];
const place = 'b24-console-theme';

export function theme(): Theme {
  const stored = localStorage.getItem(place);
  return themes.find((it) => it === stored) ?? 'auto';
}

/** `auto` follows the system. */
export function setTheme(chosen: Theme): void {
  localStorage.setItem(place, chosen);
  show(chosen);
}

export function show(chosen: Theme): void {
  document.documentElement.dataset.theme = chosen;
  dispatchEvent(new Event('theme'));
}

/** Whoever paints by hand, as a chart does, paints anew. */
export function onTheme(paint: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  addEventListener('theme', paint);
  system.addEventListener('change', paint);
  return () => {
    removeEventListener('theme', paint);
    system.removeEventListener('change', paint);
  };
}
