/** The start page's style; one text, so that its hash in the content policy covers it whole. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --text: #16202c; --soft: #5a6878;
  --accent: #2457c5; --good: #1a7f4b; --good-ground: #e3f5ea; --bad: #b3261e; --bad-ground: #fdeaea; --code: #eef1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f151c; --card: #18212b; --line: #2a3643; --text: #e8edf3; --soft: #9aa9ba;
    --accent: #8ab4ff; --good: #6fdc9d; --good-ground: #123324; --bad: #ff9a92; --bad-ground: #3c1a1a; --code: #111920;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 66rem; margin: 0 auto; padding: 3rem 1.25rem 4rem; }
header { display: flex; align-items: center; gap: 1rem; flex-wrap: wrap; margin-bottom: 2rem; }
header svg { width: 3rem; height: 3rem; flex: none; color: var(--accent); }
h1 { font-size: 1.75rem; line-height: 1.15; margin: 0; letter-spacing: -0.02em; }
header p { margin: 0.1rem 0 0; color: var(--soft); }
header .state { margin-left: auto; }
h2 { font-size: 1.05rem; margin: 2.5rem 0 0.75rem; }
.state {
  display: inline-flex; align-items: center; gap: 0.45em; padding: 0.2em 0.75em; border-radius: 2em;
  font-size: 0.875rem; font-weight: 600; white-space: nowrap;
}
.state::before { content: ""; width: 0.55em; height: 0.55em; border-radius: 50%; background: currentColor; }
.good { color: var(--good); background: var(--good-ground); }
.bad { color: var(--bad); background: var(--bad-ground); }
ul.services {
  list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 19.5rem), 1fr));
}
.services li {
  background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; padding: 1.1rem 1.2rem;
  display: flex; flex-direction: column; gap: 0.6rem; min-width: 0;
}
.services .top { display: flex; align-items: flex-start; justify-content: space-between; gap: 0.75rem; }
.services h3 { margin: 0; font-size: 1.05rem; line-height: 1.35; }
.contract { margin: 0; color: var(--soft); font-size: 0.925rem; }
dl { margin: auto 0 0; padding-top: 0.6rem; border-top: 1px solid var(--line); font-size: 0.9rem; display: grid; gap: 0.3rem; }
dl div { display: flex; gap: 0.75rem; min-width: 0; }
dt { color: var(--soft); flex: none; width: 4.2rem; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 0.2rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.875em; }
pre {
  background: var(--code); border: 1px solid var(--line); border-radius: 0.75rem; margin: 0; padding: 1rem 1.2rem;
  overflow-x: auto; line-height: 1.6;
}
.empty { color: var(--soft); }
footer { margin-top: 2.5rem; color: var(--soft); font-size: 0.9rem; display: flex; gap: 1.25rem; flex-wrap: wrap; }
`;
