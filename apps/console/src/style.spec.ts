import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Each rule of the style sheet that declares something, also within a media query. */
function rulesOf(css: string): { selector: string; declarations: string }[] {
  const bare = css.replace(/\/\*[^*]*\*\//g, '');
  return [...bare.matchAll(/([^{};]+)\{([^{}]*)\}/g)].flatMap(([, selectors = '', declarations = '']) =>
    selectors.split(',').map((selector) => ({ selector: selector.trim(), declarations })),
  );
}

const rules = rulesOf(readFileSync(join(__dirname, 'style.css'), 'utf8'));
const hiding = /\bdisplay:\s*none\b|\bvisibility:\s*(hidden|collapse)\b/;

describe('the style sheet', () => {
  it('hides only what its class says is hidden at some widths, and the closed menu', () => {
    const hidden = rules.filter(({ declarations }) => hiding.test(declarations)).map(({ selector }) => selector);
    expect(hidden.length).toBeGreaterThan(0);
    expect(hidden.filter((it) => !/^\.only-[a-z]+$/.test(it) && it !== '#menu:not(.open)')).toEqual([]);
  });

  it('gives such a class no second meaning', () => {
    const used = rules.map(({ selector }) => selector).filter((it) => it.includes('.only-'));
    expect(used.filter((it) => !/^\.only-[a-z]+$/.test(it))).toEqual([]);
  });
});
