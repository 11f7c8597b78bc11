import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';
import { REFRESH_SCRIPT } from './refresh-script.ts';
import { STYLE } from './style.ts';

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Only the style and the script of this room may run; nothing is loaded from anywhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src ${hash(STYLE)}`,
  `script-src ${hash(REFRESH_SCRIPT)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M8 0v7' stroke='%23767676' stroke-width='1.5'/%3E%3Cpath d='M5 7h6l-3 9z' fill='%230072b2'/%3E%3C/svg%3E";

/**
 * A whole page around its main part.
 * @param page.refreshes fetches itself again every 3 s, or every 5 s where scripts are off
 */
export function document(page: { title: string; header: Html; main: Html; refreshes: boolean }): string {
  const { title, header, main, refreshes } = page;
  const refresh = html`<noscript><meta http-equiv="refresh" content="5"></noscript>`;
  // Both are constants of ours, and no browser reads entities inside these two elements.
  const style = new Html(`<style>${STYLE}</style>`);
  const script = new Html(`<script>${REFRESH_SCRIPT}</script>`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="${new Html(ICON)}">
${style}
${refreshes ? refresh : null}
</head>
<body>
<header>${header}</header>
<p id="stale" class="banner" role="alert">This page is not current: Plumbline does not answer.</p>
<main>${main}</main>
${refreshes ? script : null}
</body>
</html>
`.markup;
}
