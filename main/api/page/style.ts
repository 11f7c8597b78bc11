/**
 * The one style sheet, inline: no request goes anywhere else. Colours are Okabe and Ito's, told apart by
 * every kind of colour vision; unknown is hatched grey.
 */
export const STYLE = `
:root { color-scheme: light dark; --text: #1a1a1a; --dim: #595959; --line: #d0d0d0; --ground: #fff; --raised: #f6f6f4;
  --good: #0072b2; --bad: #d55e00; --care: #e69f00; --unknown: #767676; }
@media (prefers-color-scheme: dark) { :root { --text: #ececec; --dim: #a8a8a8; --line: #3c3c3c; --ground: #161616;
  --raised: #202020; --good: #56b4e9; --bad: #ff8a3d; --unknown: #9a9a9a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 4rem; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; padding: 1rem 0 .5rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
.dim, .why, caption { color: var(--dim); font-size: .87rem; }
.why { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; max-width: 44ch;
  overflow-wrap: anywhere; }
.name { display: block; min-width: 12ch; font-weight: 600; overflow-wrap: anywhere; }
a { color: inherit; }
a:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; font-size: .87rem; }
.mark { display: inline-flex; align-items: center; gap: .4rem; white-space: nowrap; font-weight: 600; }
.mark svg { flex: none; stroke: none; }
.good svg { fill: var(--good); } .bad svg { fill: var(--bad); } .care svg { fill: var(--care); }
.mark .sign { fill: none; stroke: var(--ground); stroke-width: 2; }
.care .sign { stroke: #1a1a1a; }
.unknown svg, .over svg { fill: none; stroke: var(--unknown); stroke-width: 1.4; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; display: block; }
.banner { border: 2px solid var(--bad); padding: .6rem .8rem; margin: 1rem 0; }
#stale { display: none; } .stale #stale { display: block; }
pre { background: var(--raised); border: 1px solid var(--line); padding: .7rem .8rem; overflow-x: auto;
  font: 13px/1.5 ui-monospace, monospace; margin: .4rem 0 1.2rem; }
.report { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 46rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  tr { display: block; border-top: 1px solid var(--line); padding: .5rem 0; }
  td { display: grid; grid-template-columns: 7.5rem 1fr; border: 0; padding: .15rem 0; }
  td::before { content: attr(data-label); color: var(--dim); font-size: .87rem; }
  td > * { grid-column: 2; }
  td.none { display: none; }
}
`;
