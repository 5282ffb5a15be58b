const style = `
  :root { color-scheme: light dark; --ink: #1b2733; --soft: #536474; --paper: #f4f6f8; --card: #fff; --line: #d5dde4; --edge: #76858f; --accent: #0b66c3; --good: #1a7f45; --bad: #b3261e; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e8eef4; --soft: #a6b6c5; --paper: #12181e; --card: #1b242d; --line: #33414e; --edge: #75879a; --accent: #6cb2ff; --good: #5fd08f; --bad: #ff8a80; } }
  * { box-sizing: border-box; }
  body { margin: 0; padding: clamp(1rem, 6vh, 4rem) 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
  main { max-width: 36rem; margin: 0 auto; padding: clamp(1.25rem, 5vw, 2.25rem); background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
  h1 { margin: 0 0 .75rem; font-size: 1.4rem; line-height: 1.3; text-wrap: balance; }
  p { margin: .6rem 0; } main > :last-child { margin-bottom: 0; }
  .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); } .note { margin-top: 1.5rem; font-size: .925rem; }
  label { display: block; margin: 1.5rem 0 .35rem; font-weight: 600; }
  input, select { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--edge); border-radius: 8px; }
  input::placeholder { color: var(--soft); opacity: 1; } input[aria-invalid] { border-color: var(--bad); }
  button, .button { display: inline-block; margin-top: 1rem; padding: .6rem 1.25rem; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0; border-radius: 8px; text-decoration: none; cursor: pointer; }
  .quiet { color: var(--accent); background: none; box-shadow: inset 0 0 0 1px var(--edge); }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  code { padding: .1rem .3rem; font-size: .9em; background: var(--paper); border-radius: 4px; overflow-wrap: anywhere; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin: 1.25rem 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
`;

/** Returns a text as it stands in HTML, in a tag's attribute as well. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Returns a page for people. Only its own style has the nonce. `head` is HTML. */
export function page(title: string, nonce: string, content: string, head = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(title)} – b24-gateway</title>
<style nonce="${nonce}">${style}</style>${head}
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}
