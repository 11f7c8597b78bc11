/**
 * Fetches the page again and swaps its main part, so that scrolling stays. Says so when it cannot: a page that
 * stands still looks like a system that is well. A selection is left alone.
 */
export const REFRESH_SCRIPT = `
setInterval(async () => {
  if (document.hidden || String(getSelection()) !== '') return;
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' } });
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main');
    if (fresh === null) throw new Error('no page');
    document.querySelector('main').replaceWith(fresh);
    document.body.classList.remove('stale');
  } catch {
    document.body.classList.add('stale');
  }
}, 3000);
`;
